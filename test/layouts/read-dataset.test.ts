import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { writeDataset } from '../../src/interactions/write-dataset.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { folderOf, lines } from '../support/folders.ts';

const root = folderOf({});
const stop = { onBadRow: 'stop' } as const;
const catalogue = (...ids: string[]) =>
  lines(...ids.map((id) => JSON.stringify({ item_id: id, attributes: {} })));
const asIds = ({
  items,
  sequences,
}: {
  items: readonly { itemId: string }[];
  sequences: readonly Int32Array[];
}) => sequences.map((sequence) => Array.from(sequence, (item) => items[item].itemId).join(' '));

test('rows go by time within a user, ties by file order; exact duplicates go, repeats stay', async () => {
  const path = folderOf({
    'items.jsonl': catalogue('007', 'b', 'unseen', '7'),
    'interactions.csv': lines(
      'timestamp,user_id,rating,item_id', // any order of columns, further columns are passed over
      '20,zoe,5,b',
      '10,zoe,5,007',
      '20,zoe,5,7', // tie with b: stays after it
      '20,zoe,1,b', // the same user, item and time: dropped
      '30,zoe,5,b', // b again at another time: kept
      '1,adam,5,7',
    ),
  });
  const { dataset, duplicateRows, skippedRows } = await readDataset(path, stop);
  assert.deepEqual(dataset.userIds, ['adam', 'zoe']);
  assert.deepEqual(asIds(dataset), ['7', '007 b 7 b']); // "007" and "7" are two items
  assert.deepEqual([duplicateRows, skippedRows], [1, 0]);
  assert.deepEqual(
    dataset.items.map((item) => item.itemId),
    ['007', 'b', 'unseen', '7'],
  );
});

test('without timestamps the file order is the order, and nothing is a duplicate', async () => {
  const path = folderOf({ 'interactions.csv': lines('user_id,item_id', 'u,b', 'u,a', 'u,b') });
  const { dataset, duplicateRows } = await readDataset(path, stop);
  assert.deepEqual(asIds(dataset), ['b a b']);
  assert.deepEqual(dataset.items, [
    { itemId: 'b', attributes: {} },
    { itemId: 'a', attributes: {} },
  ]);
  assert.equal(duplicateRows, 0);
});

test('byte order mark, CRLF, gzip, quotes and the order of rows do not change the hash', async () => {
  const items = lines(
    '{"item_id":"a,1","title":"Café"}',
    '{"item_id":"b","attributes":{"brand":"X","codes":["c1"]}}',
  );
  const plain = folderOf({
    'items.jsonl': items,
    'interactions.csv': lines('user_id,item_id,timestamp', 'u,"a,1",1', 'u,b,2', 'v,b,3'),
  });
  const other = folderOf({
    'items.jsonl.gz': gzipSync(`\uFEFF${items.replaceAll('\n', '\r\n')}`),
    'interactions.csv.gz': gzipSync(
      '\uFEFFuser_id,timestamp,item_id\r\n"v",3,"b"\r\nu,2,b\r\n\r\nu,1,"a,1"', // no line end at the end
    ),
  });
  const [one, two] = [await readDataset(plain, stop), await readDataset(other, stop)];
  assert.equal(one.dataset.items[0].title, 'Café');
  assert.deepEqual(two.dataset.items, one.dataset.items);
  assert.equal(two.dataset.hash, one.dataset.hash);

  const changed = folderOf({
    'items.jsonl': items.replace('Café', 'Cafe'),
    'interactions.csv': readFileSync(join(plain, 'interactions.csv')),
  });
  assert.notEqual((await readDataset(changed, stop)).dataset.hash, one.dataset.hash);
});

test('what writeDataset writes, readDataset reads back to the same hash', async () => {
  const path = folderOf({
    'items.jsonl': lines(
      '{"item_id":"a \\"x\\"","title":"T","description":"D","attributes":{"n":2}}',
      '{"item_id":"b"}',
    ),
    'interactions.csv': lines('user_id,item_id,timestamp', '"u,1","a ""x""",9', '"u,1",b,10'),
  });
  const { dataset } = await readDataset(path, stop);
  const copy = join(root, 'copy');
  writeDataset(copy, dataset, 'a test');
  assert.equal((await readDataset(copy, stop)).dataset.hash, dataset.hash);
  assert.deepEqual(JSON.parse(readFileSync(join(copy, 'dataset.json'), 'utf8')).interactions, 2);
});

const goodItems = catalogue('a', 'b');
const header = 'user_id,item_id,timestamp';
const badInteractions: [row: string, message: RegExp][] = [
  ['u,a', /^interactions\.csv:3:1: got 2 columns, expected 3; .*--on-bad-row=skip/],
  [',a,1', /^interactions\.csv:3:1: got an empty id, expected the user's id;/],
  ['u,,1', /^interactions\.csv:3:3: got an empty id, expected the item's id;/],
  ['u,a,soon', /^interactions\.csv:3:5: got timestamp "soon", expected a number/],
  ['u,a,', /^interactions\.csv:3:5: got timestamp "", expected a number/],
  ['u,a,Infinity', /^interactions\.csv:3:5: got timestamp "Infinity"/],
  ['u,nowhere,1', /^interactions\.csv:3:3: got item "nowhere", expected an item that the catalogue has;/],
  ['u,"a,1', /^interactions\.csv:3:1: got "u,\\"a,1", expected a row whose quotation marks are closed/],
];
const badItems: [row: string, message: RegExp][] = [
  ['{"item_id":"c"', /^items\.jsonl:3:\d+: got .*expected one JSON object/],
  ['["c"]', /^items\.jsonl:3:1: got "\[\\"c\\"\]", expected one JSON object;/],
  ['{"title":"C"}', /^items\.jsonl:3:1: got no id, expected the item's id/],
  ['{"item_id":9007199254740993}', /^items\.jsonl:3:2: got a whole number near 9007199254740992, of more/],
  ['{"item_id":{"a":1}}', /^items\.jsonl:3:2: got .*, which is neither text nor a whole number, expected /],
  ['{"item_id":""}', /^items\.jsonl:3:2: got an empty id/],
  ['{"item_id":"a"}', /^items\.jsonl:3:2: got item "a" again, expected each item once/],
  ['{"item_id":"c","title":5}', /^items\.jsonl:3:16: got title: .*expected item_id/],
  ['{"item_id":"c","attributes":["x"]}', /^items\.jsonl:3:16: got attributes: .*, expected item_id/],
  [
    '{"item_id":"c","brand":"B"}',
    /^items\.jsonl:3:1: got an item: Unrecognized key: "brand", expected item_id/,
  ],
  ['{"item_id":"c","title":"\\u0000"}', /^items\.jsonl:3:1: got U\+0000 or half a character/],
];

test('a bad row stops the reading: place, what was got, what is expected, what to do', async () => {
  for (const [row, message] of badInteractions) {
    const path = folderOf({
      'items.jsonl': goodItems,
      'interactions.csv': lines(header, 'u,a,1', row, 'u,b,2'),
    });
    await assert.rejects(readDataset(path, stop), { name: 'TslrecError', code: 'bad-data', message }, row);
  }
  for (const [row, message] of badItems) {
    const path = folderOf({
      'items.jsonl': goodItems + lines(row),
      'interactions.csv': lines(header, 'u,a,1'),
    });
    await assert.rejects(readDataset(path, stop), { name: 'TslrecError', code: 'bad-data', message }, row);
  }
});

test('with skip, each bad row is counted and written down; the good rows are kept', async () => {
  const path = folderOf({
    'items.jsonl': goodItems + lines(...badItems.map(([row]) => row)),
    'interactions.csv': lines(header, 'u,a,1', ...badInteractions.map(([row]) => row), 'u,b,2'),
  });
  const skippedRowsFile = join(root, 'skipped', 'rows.jsonl');
  const { dataset, skippedRows } = await readDataset(path, { onBadRow: 'skip', skippedRowsFile });
  assert.deepEqual(asIds(dataset), ['a b']);
  assert.equal(dataset.items.length, 2);
  assert.equal(skippedRows, badItems.length + badInteractions.length);
  const written = readFileSync(skippedRowsFile, 'utf8').trim().split('\n');
  assert.deepEqual(
    written.map((line) => JSON.parse(line).raw),
    [...badItems, ...badInteractions].map(([row]) => row),
  );
  assert.deepEqual(JSON.parse(written[badItems.length]), {
    file: 'interactions.csv',
    line: 3,
    column: 1,
    reason: 'got 2 columns, expected 3',
    raw: 'u,a',
  });
  assert.deepEqual(readdirSync(join(root, 'skipped')), ['rows.jsonl']); // no temporary file is left
});

test('a reading that fails leaves no file of skipped rows, and an earlier one alone', async () => {
  const path = folderOf({ 'items.jsonl': goodItems, 'interactions.csv': lines(header, 'u,nowhere,1') });
  const skippedRowsFile = join(root, 'none', 'rows.jsonl');
  await assert.rejects(readDataset(path, { onBadRow: 'skip', skippedRowsFile }), {
    message:
      /has no interactions \(bad rows skipped: 1\), expected some .*; give each a row with user, item .*\.$/,
  });
  assert.equal(existsSync(skippedRowsFile), false);
  assert.deepEqual(readdirSync(join(root, 'none')), []);
});

test('a folder that is not there is not found', async () => {
  await assert.rejects(readDataset(join(root, 'absent'), stop), { code: 'not-found' });
});

test('MovieLens 100K: latin-1 titles, genre flags by name, release date; gzip too', async () => {
  const flags = (...on: number[]) =>
    Array.from({ length: 19 }, (_, genre) => (on.includes(genre) ? 1 : 0)).join('|');
  const movies = lines(
    `1|Toy Story (1995)|01-Jan-1995||http://x|${flags(3, 4, 5)}`,
    `2|Misérables, Les (1995)|||http://y|${flags(8)}`,
  );
  const ratings = lines('196\t2\t3\t881250949', '196\t1\t5\t881250000', '22\t1\t1\t878887116');
  const path = folderOf({ 'u.data': ratings, 'u.item.gz': gzipSync(Buffer.from(movies, 'latin1')) });
  const { dataset } = await readDataset(path, stop);
  assert.deepEqual(dataset.items, [
    {
      itemId: '1',
      title: 'Toy Story (1995)',
      attributes: { genres: ['Animation', "Children's", 'Comedy'], release_date: '01-Jan-1995' },
    },
    { itemId: '2', title: 'Misérables, Les (1995)', attributes: { genres: ['Drama'] } },
  ]);
  assert.deepEqual(dataset.userIds, ['196', '22']);
  assert.deepEqual(asIds(dataset), ['1 2', '1']);

  const own = join(root, 'movies');
  writeDataset(own, dataset, 'a test');
  assert.equal((await readDataset(own, stop)).dataset.hash, dataset.hash); // the container does not matter
});

test('MovieLens 1M: "::" separated, genres by name, users.dat is not needed', async () => {
  const path = folderOf({
    'ratings.dat': lines('1::3578::5::978300761', '1::1193::5::978300760'),
    'movies.dat': Buffer.from(
      lines('1193::Cité (1995)::Action|Sci-Fi', '3578::Gladiator (2000)::Action'),
      'latin1',
    ),
  });
  const { dataset } = await readDataset(path, stop);
  assert.deepEqual(dataset.items[0], {
    itemId: '1193',
    title: 'Cité (1995)',
    attributes: { genres: ['Action', 'Sci-Fi'] },
  });
  assert.deepEqual(asIds(dataset), ['1193 3578']);
  writeFileSync(join(path, 'ratings.dat'), '1::3578::5\n');
  await assert.rejects(readDataset(path, stop), { message: /^ratings\.dat:1:1: got 3 columns, expected 4/ });
});
