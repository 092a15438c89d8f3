// Tables of any names, whose columns somebody names: options, tslrec.json, and what is suggested where there
// is neither.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const mapping = { userColumn: 'uid', itemColumn: ['sku'], timeColumn: 'when' } as const;
const EVENTS = lines('when,uid,sku,stars', '20,u1,b,5', '10,u1,a,1', '30,u2,b,4');
const GOODS = lines('sku,name,brand,price', 'a,"Tent, red",North,10.5', 'b,Stove,,7');
const byHand = {
  'items.jsonl': lines(
    '{"item_id":"a","title":"Tent, red","attributes":{"brand":"North","price":"10.5"}}',
    '{"item_id":"b","title":"Stove","attributes":{"price":"7"}}',
  ),
  'interactions.csv': lines('user_id,item_id,timestamp', 'u1,a,10', 'u1,b,20', 'u2,b,30'),
};
const hashByHand = async () => (await readDataset(folderOf(byHand), stop)).dataset.hash;

const json = (csv: string) => {
  const [header, ...rows] = csv.trim().split('\n');
  const names = header.split(',');
  return lines(
    ...rows.map((row) => {
      const values = row
        .match(/("[^"]*"|[^,]*)(,|$)/g)!
        .map((part) => part.replace(/,$/, '').replaceAll('"', ''));
      return JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i]])));
    }),
  );
};
const { folder: parquet } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'parquet-files.json'), 'utf8'),
) as { folder: Record<string, string> };
const folders: Record<string, Record<string, string | Buffer>> = {
  'CSV of other names': { 'clicks.csv': EVENTS, 'goods.csv': GOODS },
  'JSON lines': { 'clicks.jsonl': json(EVENTS), 'goods.json': json(GOODS) },
  'Parquet in parts': Object.fromEntries(
    Object.entries(parquet).map(([name, bytes]) => [name, Buffer.from(bytes, 'base64')]),
  ),
  'compressed, whatever the names say': { 'clicks.csv': gzipSync(EVENTS), 'goods.txt': gzipSync(GOODS) },
  'tabs, and semicolons': {
    'clicks.tsv': EVENTS.replaceAll(',', '\t'),
    'goods.csv': GOODS.replaceAll(',', ';').replace('Tent; red', 'Tent, red'),
  },
  'parts with the same columns': {
    'part-0.csv': lines('when,uid,sku,stars', '20,u1,b,5'),
    'part-1.csv': lines('when,uid,sku,stars', '10,u1,a,1', '30,u2,b,4'),
    'goods.csv': GOODS,
  },
};
for (const [what, files] of Object.entries(folders)) {
  test(`${what}: the same data set as written by hand`, async () => {
    const { dataset, notes } = await readDataset(folderOf(files), { ...stop, ...mapping });
    assert.equal(dataset.hash, await hashByHand());
    assert.deepEqual(dataset.items[0].title, 'Tent, red');
    assert.match(notes.join('\n'), /: columns that are not read: "stars"\.$/);
  });
}

test('tslrec.json beside the data says the same, and an option over it', async () => {
  const remembered = { 'user-column': 'uid', 'item-column': 'sku', 'time-column': 'stars' };
  const path = folderOf({ ...folders['CSV of other names'], 'tslrec.json': JSON.stringify(remembered) });
  const byStars = await readDataset(path, stop);
  assert.deepEqual([...byStars.dataset.times[0]], [1, 5]);
  const { dataset } = await readDataset(path, { ...stop, timeColumn: 'when' });
  assert.equal(dataset.hash, await hashByHand());
});

test('a tslrec.json that is none ends the reading by name', async () => {
  for (const text of ['', '[]', '{"user_column":"uid"}', '{"user-column":5}']) {
    const path = folderOf({ ...folders['CSV of other names'], 'tslrec.json': text });
    await assert.rejects(
      readDataset(path, stop),
      refused(/: got .*, expected one JSON object with user-column/, join(path, 'tslrec.json')),
    );
  }
});

test('the item may be called differently in two tables, and text columns are chosen', async () => {
  const path = folderOf({
    'clicks.csv': EVENTS,
    'goods.csv': GOODS.replace('sku', 'id'),
    'prices.csv': lines('id,amount', 'a,1'),
  });
  const { dataset } = await readDataset(path, {
    ...stop,
    ...mapping,
    itemColumn: ['sku', 'id'],
    textColumns: ['name'],
  });
  assert.deepEqual(dataset.items, [
    { itemId: 'a', title: 'Tent, red', attributes: {} },
    { itemId: 'b', title: 'Stove', attributes: {} },
  ]);
});

test('interactions that say themselves what the items are: the first row of an item counts', async () => {
  const path = folderOf({
    'orders.csv': lines(
      'Invoice,StockCode,Description,InvoiceDate,CustomerID',
      '1,a,Tent,2010-12-01 08:26:00,17',
      '2,b,Stove,2010-12-01 08:28:00,17',
      '3,a,TENT,2010-12-02 08:00:00,18',
    ),
  });
  const { dataset, notes } = await readDataset(path, {
    ...stop,
    userColumn: 'CustomerID',
    itemColumn: ['StockCode'],
    timeColumn: 'InvoiceDate',
    textColumns: ['Description'],
  });
  assert.deepEqual(
    dataset.items.map(({ itemId, description }) => [itemId, description]),
    [
      ['a', 'Tent'],
      ['b', 'Stove'],
    ],
  );
  assert.deepEqual([...dataset.times[0]], [1291191960, 1291192080]);
  assert.match(notes.join('\n'), /^orders\.csv: columns that are not read: "Invoice"\.$/m);
  assert.match(
    notes.join('\n'),
    /orders\.csv: InvoiceDate has times without a zone, which are read as UTC\./,
  );
});

test('items that no table describes have ids alone; records that say nothing new are told', async () => {
  const path = folderOf({
    'clicks.csv': EVENTS,
    'goods.csv': lines('sku,name', 'a,Tent', ',Nothing', 'a,Tent again'),
  });
  const { dataset, notes } = await readDataset(path, { ...stop, ...mapping });
  assert.deepEqual(dataset.items, [
    { itemId: 'a', title: 'Tent', attributes: {} },
    { itemId: 'b', attributes: {} },
  ]);
  assert.match(notes.join('\n'), /goods\.csv: 1 records without an id are left out\./);
  assert.match(notes.join('\n'), /goods\.csv: 1 records of an item that an earlier one is of are left out\./);
  assert.match(notes.join('\n'), /Items that goods\.csv lacks: 1\./);
});

test('a quoted value may have line breaks; one that is never closed spoils its own line', async () => {
  const path = folderOf({
    'clicks.csv': EVENTS,
    'goods.csv': lines('sku,name', 'a,"Tent,\nred ""and"" dry"', 'c,"Lamp', 'b,Stove', 'd,"Pan"'),
  });
  const bad = /^goods\.csv:4:1: got "c,\\"Lamp", expected a row whose quotation marks are closed/;
  await assert.rejects(readDataset(path, { ...stop, ...mapping }), { message: bad });
  const { dataset, skippedRows } = await readDataset(path, { ...mapping, onBadRow: 'skip' });
  assert.deepEqual(
    dataset.items.map(({ title }) => title),
    ['Tent,\nred "and" dry', 'Stove', 'Pan'],
  );
  assert.equal(skippedRows, 1);
});

const unclear: [files: Record<string, string>, choices: object, message: RegExp][] = [
  [
    { 'clicks.csv': EVENTS, 'goods.csv': GOODS },
    {},
    new RegExp(
      'got clicks\\.csv \\("when", "uid", "sku", "stars"\\), goods\\.csv \\(.*\\), expected .*; or say .* ' +
        '--user-column uid --item-column sku --time-column when --text-columns name,brand,price\\.$',
    ),
  ],
  [
    { 'part-0.csv': EVENTS, 'part-1.csv': EVENTS, 'part-2.csv': EVENTS },
    {},
    /got part-0\.csv, part-1\.csv, part-2\.csv \("when", .*\), expected .* --time-column when\.$/,
  ],
  [
    { 'clicks.csv': EVENTS },
    { ...mapping, textColumns: ['stars', 'uid'] },
    /got --text-columns "uid", which is named as something else, expected columns that say what an item/,
  ],
  [{ 'x.csv': lines('a b,c', '1,2') }, {}, /as in --user-column COLUMN --item-column COLUMN\.$/],
  [
    { 'clicks.csv': EVENTS },
    { userColumn: 'uid' },
    /got no --item-column, expected both, .* --item-column sku/,
  ],
  [
    { 'clicks.csv': EVENTS },
    { ...mapping, userColumn: 'user' },
    /got no table with the columns "user", "when", "sku": clicks\.csv \("when", .*\), expected one; say/,
  ],
  [
    { 'a.csv': EVENTS, 'b.csv': lines('uid,sku,when', 'u,a,1') },
    mapping,
    /got both a\.csv and b\.csv, which have the columns of user .*, expected one, or parts with/,
  ],
  [
    { 'clicks.csv': EVENTS, 'goods.csv': GOODS, 'tags.csv': lines('sku,tag', 'a,red') },
    mapping,
    /got both goods\.csv and tags\.csv, which say something of items, .* --text-columns/,
  ],
  [
    { 'clicks.csv': EVENTS, 'goods.csv': GOODS },
    { ...mapping, textColumns: ['colour'] },
    /got --text-columns "colour", which no table with the item has: .* --item-column sku,id\.$/,
  ],
];
test('what may mean two things, or nothing, ends the reading with the options to give', async () => {
  for (const [files, choices, message] of unclear) {
    const folder = folderOf(files);
    await assert.rejects(
      readDataset(folder, { ...stop, ...choices }),
      refused(message, folder),
      String(message),
    );
  }
});

test('ratings below the least are no interactions, and are counted', async () => {
  const path = folderOf(folders['CSV of other names']);
  const { dataset, filteredRows, notes } = await readDataset(path, { ...stop, ...mapping, minRating: 4 });
  assert.deepEqual([dataset.userIds.length, dataset.items.length, filteredRows], [2, 2, 1]);
  assert.deepEqual([...dataset.sequences[0]], [1]);
  assert.match(notes.join('\n'), /clicks\.csv: the column "stars" is read as the rating\./);
  await assert.rejects(readDataset(path, { ...stop, ...mapping, minRating: 6 }), {
    message: /clicks\.csv has 3 rows and no interaction among them, expected some .* --min-rating/,
  });
  const bad = folderOf({ 'clicks.csv': EVENTS.replace(',4\n', ',four\n') });
  await assert.rejects(readDataset(bad, { ...stop, ...mapping, minRating: 4 }), {
    message: /^clicks\.csv:4:9: got stars "four", expected a number, the rating/,
  });
  const without = folderOf({ 'clicks.csv': lines('uid,sku', 'u,a') });
  await assert.rejects(
    readDataset(without, { ...stop, userColumn: 'uid', itemColumn: ['sku'], minRating: 4 }),
    {
      message:
        /^--min-rating: clicks\.csv has no column that is known as the rating; name it with --rating-column/,
    },
  );
});

test('events that are named are interactions, others are not; one that no row has is a slip', async () => {
  const path = folderOf({
    'log.csv': lines('ts,visitor,sku,event', '1,u,a,view', '2,u,b,buy', '3,u,a,buy', '4,u,c,cart'),
  });
  const choices = { ...stop, userColumn: 'visitor', itemColumn: ['sku'] };
  const { dataset, filteredRows } = await readDataset(path, { ...choices, events: ['buy', 'cart'] });
  assert.deepEqual([dataset.items.map(({ itemId }) => itemId), filteredRows], [['b', 'a', 'c'], 1]);
  await assert.rejects(readDataset(path, { ...choices, events: ['buy', 'purchase'] }), {
    message:
      /^--events: got "purchase", which no row of log\.csv has, expected some of "view", "buy", "cart"\.$/,
  });
});

test('a part that cannot be read ends the reading; a file that may be anything does not', async () => {
  const part = 'when,uid,sku,stars\n1,u,a,2\n';
  const read = (files: Record<string, string | Buffer>) =>
    readDataset(folderOf({ 'part-0.csv': EVENTS, ...files }), { ...stop, ...mapping });
  for (const [name, content, message] of [
    ['part-1.csv', Buffer.alloc(1_000), /part-1\.csv: got binary data/],
    ['part-1.txt', gzipSync(part).subarray(0, 20), /part-1\.txt: got a damaged gzip file/],
    ['part-1.parquet', part, /part-1\.parquet: got something else than Parquet, expected what its name says/],
  ] as const)
    await assert.rejects(read({ [name]: content }), refused(message), name);
  const { notes } = await read({ 'config.json': '{\n  "a": 1\n}\n', 'x.dat': Buffer.alloc(1_000) });
  assert.ok(
    notes.some((note) => /^Files that are not read: .*config\.json/.test(note)),
    notes.join(' '),
  );
});
