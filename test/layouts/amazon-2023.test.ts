// Amazon's reviews of 2023, as their page describes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { testBadRows } from '../support/bad-rows.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const jsonLines = (...records: readonly object[]) =>
  lines(...records.map((record) => JSON.stringify(record)));
const ROWS = [
  ['AGKHLEW2', 'B01CUPMQZE', '5.0', '1454764800123'],
  ['AGKHLEW2', 'B07NTK7T5P', '1.0', '1454764800000'],
  ['AHSPLDNW', 'B0NONE', '4.0', '1550000000000'],
];
const REVIEWS = jsonLines(
  ...ROWS.map(([user_id, parent_asin, rating, timestamp]) => ({
    ...{ sort_timestamp: 0, rating: Number(rating), title: 'Such a lovely scent', text: 'Nice', images: [] },
    ...{ asin: `${parent_asin}V`, parent_asin, user_id, timestamp: Number(timestamp), helpful_vote: 0 },
  })),
);
const HEADER = 'user_id,parent_asin,rating,timestamp';
const RATINGS = lines(HEADER, ...ROWS.map((row) => row.join(',')));
const METADATA = jsonLines(
  {
    main_category: 'All Beauty',
    title: 'Howard LC0008 Leather Conditioner, 8-Ounce',
    average_rating: 4.8,
    rating_number: 10,
    features: ['Rich &amp; restorative', 'Protects'],
    description: [],
    price: 14.99,
    images: [{ thumb: 'https://x' }],
    videos: [],
    store: 'Howard Products',
    categories: ['Beauty', 'Care'],
    details: { 'Best Sellers Rank': { Beauty: 1 } },
    parent_asin: 'B01CUPMQZE',
    bought_together: null,
  },
  { title: 'Second', price: '—', description: ['One.', 'Two.'], store: null, parent_asin: 'B07NTK7T5P' },
  { title: 'No id' },
  { title: 'Twice', parent_asin: 'B07NTK7T5P' },
);
const FILES = { 'All_Beauty.jsonl': REVIEWS, 'meta_All_Beauty.jsonl': METADATA };
const OWN = {
  'items.jsonl': jsonLines(
    {
      item_id: 'B01CUPMQZE',
      title: 'Howard LC0008 Leather Conditioner, 8-Ounce',
      attributes: {
        ...{ store: 'Howard Products', main_category: 'All Beauty', categories: ['Beauty', 'Care'] },
        ...{ features: ['Rich & restorative', 'Protects'], price: 14.99 },
      },
    },
    { item_id: 'B07NTK7T5P', title: 'Second', description: 'One. Two.' },
    { item_id: 'B0NONE' },
  ),
  'interactions.csv': lines(
    'user_id,item_id',
    'AGKHLEW2,B07NTK7T5P',
    'AGKHLEW2,B01CUPMQZE',
    'AHSPLDNW,B0NONE',
  ),
};
const read = async (files: Record<string, string | Buffer>, choices = {}) =>
  readDataset(folderOf(files), { ...stop, ...choices });
const hashOf = async (files: Record<string, string | Buffer>) => (await read(files)).dataset.hash;

test('reviews and metadata are the same data set as their conversion; what is left is named', async () => {
  const { dataset, notes } = await read(FILES);
  assert.equal(dataset.hash, await hashOf(OWN));
  assert.equal(dataset.times[0][1], 1_454_764_800.123);
  assert.deepEqual(notes, [
    'Recognised: Amazon reviews 2023 (All_Beauty.jsonl, meta_All_Beauty.jsonl).',
    'All_Beauty.jsonl: "user_id" is read as the user, "parent_asin" as the item and "timestamp" as the time.',
    'All_Beauty.jsonl: columns that are not read: "sort_timestamp", "title", "text", "images", "asin", ' +
      '"helpful_vote".',
    'Ratings of 1 and 2 count as interactions, too; to learn from 4 and 5 alone give --min-rating 4.',
    'meta_All_Beauty.jsonl: columns that are not read: "average_rating", "rating_number", "images", ' +
      '"videos", "details", "bought_together".',
    'meta_All_Beauty.jsonl: 1 records without an id are left out.',
    'meta_All_Beauty.jsonl: 1 records of an item that an earlier one is of are left out.',
    'Items that meta_All_Beauty.jsonl lacks: 1.',
    'All_Beauty.jsonl: timestamp is read as milliseconds since 1970.',
  ]);
  const packed = { 'B.jsonl.gz': gzipSync(REVIEWS), 'meta_B.jsonl.gz': gzipSync(METADATA) };
  assert.equal(await hashOf(packed), dataset.hash);
});

test('ratings in CSV, whole or in the parts of a split, are the same data set', async () => {
  const hash = await hashOf(OWN);
  assert.equal(await hashOf({ 'All_Beauty.csv': RATINGS, 'meta_All_Beauty.jsonl': METADATA }), hash);
  const part = (row: number) => lines(`${HEADER},history`, `${ROWS[row].join(',')},B1 B2`);
  const parts = { 'B.test.csv': part(0), 'B.train.csv': part(2), 'B.valid.csv': part(1) };
  const { dataset, notes } = await read({ ...parts, 'meta_B.jsonl': METADATA });
  assert.equal(dataset.hash, hash);
  assert.equal(
    notes[0],
    'Recognised: Amazon reviews 2023 (B.train.csv, B.valid.csv, B.test.csv, meta_B.jsonl).',
  );
  assert.match(notes.join('\n'), /B\.train\.csv: columns that are not read: "history"\./);
});

test('without metadata items are known by their ids; ratings are what --min-rating looks at', async () => {
  for (const [name, content] of [
    ['All_Beauty.jsonl', REVIEWS],
    ['All_Beauty.csv', RATINGS],
  ]) {
    const { dataset, filteredRows, notes } = await read({ [name]: content }, { minRating: 4 });
    assert.deepEqual(dataset.items, [
      { itemId: 'B01CUPMQZE', attributes: {} },
      { itemId: 'B0NONE', attributes: {} },
    ]);
    assert.equal(filteredRows, 1);
    assert.match(
      notes.join('\n'),
      /There is no meta_NAME\.jsonl: items are known by the ids in All_Beauty\./,
    );
    assert.doesNotMatch(notes.join('\n'), /--min-rating/);
  }
});

const badRows: [file: keyof typeof FILES, row: string, message: RegExp][] = [
  ['All_Beauty.jsonl', '[]', /^All_Beauty\.jsonl:4:1: got "\[\]", expected one JSON object;/],
  [
    'All_Beauty.jsonl',
    '{"user_id":"A","rating":1,"timestamp":1454764800000}',
    /^All_Beauty\.jsonl:4:1: got no id, expected the item's id;/,
  ],
  [
    'All_Beauty.jsonl',
    '{"user_id":"A","parent_asin":"B","rating":1,"timestamp":1454764800}',
    /^All_Beauty\.jsonl:4:45: got timestamp "1454764800", expected milliseconds, as the rows before/,
  ],
  ['meta_All_Beauty.jsonl', '{"parent_asin":"B1","title":"a\\u0000b"}', /:5:1: got U\+0000 or half a char/],
];
test('a bad row has its place, and is left out where such are skipped', async () => {
  await testBadRows(
    FILES,
    badRows.map(([file, row, message]) => [file, lines(row), message]),
  );
});

const refusals: [files: Record<string, string>, message: RegExp][] = [
  [{ ...FILES, 'A.jsonl': REVIEWS }, /: got both A\.jsonl and All_Beauty\.jsonl, which have reviews of Am/],
  [{ ...FILES, 'B.csv': RATINGS }, /: got both All_Beauty\.jsonl and B\.csv, which have reviews of Amazon's/],
  [{ 'A.csv': RATINGS, 'B.csv': RATINGS }, /: got both A\.csv and B\.csv, expected one, or the parts of one/],
  [
    { ...FILES, 'meta_A.jsonl': METADATA },
    /: got both meta_A\.jsonl and meta_All_Beauty\.jsonl, expected one/,
  ],
  [{ ...FILES, ...OWN }, /: got meta_All_Beauty\.jsonl beside interactions\.csv and items\.jsonl/],
  [{ 'x.jsonl': '{"user_id":"A","item_id":"B","timestamp":1}\n' }, /: got x\.jsonl \("user_id", "item_id"/],
  [{ 'x.csv': lines('user_id,asin,timestamp', 'A,B,1') }, /: got x\.csv \("user_id", "asin"/],
];
test('what may be two, or is of somebody else, is refused in one sentence', async () => {
  for (const [files, message] of refusals)
    await assert.rejects(read(files), refused(message), String(message));
});
