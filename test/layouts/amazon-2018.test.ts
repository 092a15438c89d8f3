// Amazon's reviews of 2018 and 2014, as their pages describe them.
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
const REVIEWS = jsonLines(
  {
    ...{
      overall: 5,
      verified: true,
      reviewTime: '01 1, 2018',
      reviewerID: 'AUI6WTTT0QZYS',
      asin: '5120053084',
    },
    ...{ style: { 'Size:': 'Large' }, reviewerName: 'Abbey', reviewText: 'I now have 4', summary: 'Comfy' },
    ...{ unixReviewTime: 1514764800 },
  },
  { overall: 2.0, reviewerID: 'AUI6WTTT0QZYS', asin: '0000031852', unixReviewTime: 1514678400 },
  { overall: 4.0, reviewerID: 'A2SUAM1J3GNN3B', asin: 'B00000NONE', unixReviewTime: 1252800000, vote: '5' },
);
const METADATA = jsonLines(
  {
    asin: '0000031852',
    title: 'Girls Ballet Tutu &amp; Zebra',
    feature: ['Botiquecutie Trademark', '<span class="a-list-item">Fits  girls</span>', '</span></span>'],
    description: ['This tutu is great<br />for play.', '', 'Hot'],
    price: '$3.17',
    imageURL: ['http://x/1.jpg'],
    also_buy: ['B00JHONN1S'],
    also_viewed: ['B002BZX8Z6'],
    similar_item: '<table></table>',
    rank: '211,836 in Toys & Games (',
    brand: 'Coxlures',
    main_cat: '<img src="https://x" alt="AMAZON FASHION"/>',
    category: ['Sports & Outdoors', 'Other Sports', 'Dance'],
    details: { 'ASIN: ': '0000031852' },
    tech1: '',
  },
  { asin: '5120053084', title: 'var aPageStart = (new Date()).getTime();', price: '.a-box{background:#fff}' },
  { title: 'No id', category: [] },
  { asin: '5120053084', title: 'Twice' },
);
const FILES = { 'Dance_5.json': REVIEWS, 'meta_Dance.json': METADATA };
const TUTU = {
  item_id: '0000031852',
  title: 'Girls Ballet Tutu & Zebra',
  description: 'This tutu is great for play. Hot',
  attributes: {
    brand: 'Coxlures',
    categories: ['Sports & Outdoors', 'Other Sports', 'Dance'],
    features: ['Botiquecutie Trademark', 'Fits girls'],
    price: '$3.17',
  },
};
const OWN = {
  'items.jsonl': jsonLines(TUTU, { item_id: '5120053084' }, { item_id: 'B00000NONE' }),
  'interactions.csv': lines(
    'user_id,item_id,timestamp',
    ...['AUI6WTTT0QZYS,5120053084,2', 'AUI6WTTT0QZYS,0000031852,1', 'A2SUAM1J3GNN3B,B00000NONE,0'],
  ),
};
const read = async (files: Record<string, string | Buffer>, choices = {}) =>
  readDataset(folderOf(files), { ...stop, ...choices });
const hashOf = async (files: Record<string, string | Buffer>) => (await read(files)).dataset.hash;

test('reviews and metadata are the same data set as their conversion; what is left is named', async () => {
  const { dataset, notes } = await read({ ...FILES, 'all.csv': 'x\n' });
  assert.equal(dataset.hash, await hashOf(OWN));
  assert.equal(dataset.times[1][0], 1_514_678_400);
  assert.deepEqual(notes, [
    'Recognised: Amazon reviews 2018 or 2014 (Dance_5.json, meta_Dance.json).',
    'Dance_5.json: "reviewerID" is read as the user, "asin" as the item and "unixReviewTime" as the time.',
    'Files that are not read: all.csv.',
    'Dance_5.json: columns that are not read: "verified", "reviewTime", "style", "reviewerName", ' +
      '"reviewText", "summary", "vote".',
    'Ratings of 1 and 2 count as interactions, too; to learn from 4 and 5 alone give --min-rating 4.',
    'meta_Dance.json: columns that are not read: "imageURL", "also_buy", "also_viewed", "similar_item", ' +
      '"rank", "details", "tech1".',
    'meta_Dance.json: 1 records without an id are left out.',
    'meta_Dance.json: 1 records of an item that an earlier one is of are left out.',
    'Items that meta_Dance.json lacks: 1.',
  ]);
  const packed = { 'Dance.json.gz': gzipSync(REVIEWS), 'meta_Dance.json.gz': gzipSync(METADATA) };
  assert.equal(await hashOf(packed), dataset.hash);
});

test('the metadata of 2014 are Python dicts, with lists of categories', async () => {
  const metadata = lines(
    `{'asin': '0000031852', 'title': 'Girls Ballet Tutu & Zebra', 'price': 3.17, 'imUrl': 'http://x', ` +
      `'related': {'also_bought': ['B00JHONN1S']}, 'salesRank': {'Toys & Games': 211836}, ` +
      `'brand': "Coxlure's", 'categories': [['Sports', 'Dance'], ['Sports', 'Skirts']]}`,
  );
  const { dataset, notes } = await read({ 'reviews_Dance_5.json': REVIEWS, 'meta_Dance.json': metadata });
  assert.deepEqual(dataset.items[0], {
    itemId: '0000031852',
    title: 'Girls Ballet Tutu & Zebra',
    attributes: { brand: "Coxlure's", categories: ['Sports', 'Dance', 'Skirts'], price: 3.17 },
  });
  assert.match(notes.join('\n'), /columns that are not read: "imUrl", "related", "salesRank"\./);
});

test('without metadata items are known by their ids; ratings alone are known by their lines', async () => {
  const { dataset, notes } = await read({ 'Dance.json': REVIEWS });
  const ids = ['5120053084', '0000031852', 'B00000NONE'];
  assert.deepEqual(
    dataset.items.map(({ itemId }) => itemId),
    ids,
  );
  assert.equal(
    notes[2],
    'There is no meta_NAME.json: items are known by the ids in Dance.json, without text.',
  );
  const ofUser = ['AUI6WTTT0QZYS', 'AUI6WTTT0QZYS', 'A2SUAM1J3GNN3B'];
  const ratings = ids.map((id, row) => [id, ofUser[row], `${5 - row}.0`, `${1514764800 - row}`]);
  const of2018 = { 'Dance.csv': lines(...ratings.map((row) => row.join(','))) };
  const of2014 = {
    'ratings_Dance.csv': lines(...ratings.map(([item, user, ...row]) => [user, item, ...row].join(','))),
  };
  for (const [files, order] of [
    [of2018, 'item, user'],
    [of2014, 'user, item'],
  ] as const) {
    const rated = await read(files);
    assert.equal(rated.dataset.hash, dataset.hash);
    assert.match(rated.notes[1], new RegExp(`has no header: its columns are read as ${order}, rating, time`));
    assert.equal((await read(files, { minRating: 4 })).filteredRows, 1);
  }
});

test('ratings are what --min-rating looks at, and nothing more is said of them then', async () => {
  const { dataset, filteredRows, notes } = await read(FILES, { minRating: 4 });
  assert.deepEqual([dataset.sequences.map(({ length }) => length), filteredRows], [[1, 1], 1]);
  assert.doesNotMatch(notes.join('\n'), /--min-rating/);
});

const badRows: [file: keyof typeof FILES, row: string, message: RegExp][] = [
  ['Dance_5.json', '{"reviewerID":"A1"', /^Dance_5\.json:4:19: got "\{.*", expected one JSON object;/],
  [
    'Dance_5.json',
    '{"asin":"B","unixReviewTime":1}',
    /^Dance_5\.json:4:1: got no id, expected the user's id;/,
  ],
  [
    'Dance_5.json',
    '{"reviewerID":"A","asin":"B","unixReviewTime":"soon"}',
    /^Dance_5\.json:4:30: got unixReviewTime "soon", expected a number/,
  ],
  [
    'meta_Dance.json',
    "{'asin': '1'}",
    /^meta_Dance\.json:5:2: got "\{'asin': '1'\}", expected one JSON object;/,
  ],
];
test('a bad row has its place, and is left out where such are skipped', async () => {
  await testBadRows(
    FILES,
    badRows.map(([file, row, message]) => [file, lines(row), message]),
  );
});

const refusals: [files: Record<string, string>, message: RegExp][] = [
  [{ ...FILES, 'Dance.json': REVIEWS }, /: got both Dance\.json and Dance_5\.json, which have reviews of Am/],
  [
    { ...FILES, 'meta_Art.json': METADATA },
    /: got both meta_Art\.json and meta_Dance\.json, expected one; keep/,
  ],
  [{ ...FILES, ...OWN }, /: got meta_Dance\.json beside interactions\.csv and items\.jsonl, expected/],
  [{ ...FILES, 'meta_Dance.json': '{"title":"x"}\n' }, /meta_Dance\.json has no items, expected one a line/],
  [{ 'x.json': '{"user":"A","item":"B","time":1}\n' }, /: got x\.json \("user", "item", "time"\), expected/],
  [{ 'x.json': '[{"reviewerID":"A","asin":"B","unixReviewTime":1}]\n' }, /x\.json/],
  [{ 'x.json': '{"asin":"A","user":"B"}\n' }, /: got x\.json \("asin", "user"\), expected/],
  [{ 'x.csv': 'a,b,c,d\nB00000NONE,A2SUAM1J3GNN3B,5.0,1514764800\n' }, /: got x\.csv \("a", "b", "c", "d"\)/],
  [{ 'x.csv': '1,2,5.0,964982703\n2,3,4.0,964982704\n' }, /: got x\.csv/],
];
test('what may be two, or is of somebody else, is refused in one sentence', async () => {
  for (const [files, message] of refusals)
    await assert.rejects(read(files), refused(message), String(message));
});
