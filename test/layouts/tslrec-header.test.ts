// What interactions.csv's header makes of its columns: what is read as what, what is not read, and what is
// said of it. The same three interactions under every header.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
// Newest first: whoever takes the file's order for the order in time has it the wrong way round.
const ROWS = [
  ['u', 'c', '30'],
  ['u', 'b', '20'],
  ['u', 'a', '10'],
];
const BY_TIME = ['a b c'];
const BY_FILE = ['c b a'];
const NO_ITEMS = 'There is no items.jsonl: items are known by the ids in interactions.csv, without text.';
const FILE_ORDER =
  'interactions.csv has no column that is known as the time: the order of its rows is taken for the order ' +
  'in time';
const isRead = (column: string, name: string) =>
  `interactions.csv: the column "${column}" is read as ${name}.`;
const notRead = (...columns: string[]) =>
  `interactions.csv: columns that are not read: ${columns.map((name) => `"${name}"`).join(', ')}.`;

async function readUnder(header: string, separator = ',', others = 0) {
  const rows = ROWS.map((row) => [...row, ...Array<string>(others).fill('5')].join(separator));
  const { dataset, notes } = await readDataset(
    folderOf({ 'interactions.csv': lines(header, ...rows) }),
    stop,
  );
  const { items, sequences } = dataset;
  return {
    order: sequences.map((sequence) => Array.from(sequence, (item) => items[item].itemId).join(' ')),
    notes: notes.filter((note) => note !== NO_ITEMS),
  };
}

const headers: [header: string, order: string[], notes: string[], separator?: string, others?: number][] = [
  ['user_id,item_id,timestamp', BY_TIME, []],
  [' user_id ,item_id,\ttimestamp ', BY_TIME, []],
  ['"user_id","item_id" , "timestamp"', BY_TIME, []],
  ['user_id,item_id,Timestamp', BY_TIME, [isRead('Timestamp', 'timestamp')]],
  [
    'USER_ID,Item_Id,TIMESTAMP',
    BY_TIME,
    [isRead('USER_ID', 'user_id'), isRead('Item_Id', 'item_id'), isRead('TIMESTAMP', 'timestamp')],
  ],
  ...[
    'time',
    'ts',
    'TS',
    'date',
    'datetime',
    'created_at',
    'createdAt',
    'event_time',
    'Event Time',
    'unix_time',
  ].map((name): [string, string[], string[]] => [
    `user_id,item_id,${name}`,
    BY_TIME,
    [isRead(name, 'timestamp')],
  ]),
  ...['unixReviewTime', 'review-date', 'purchased_at', 'epoch', 'event_ts', 't_dat', 'time_ms'].map(
    (name): [string, string[], string[]] => [`user_id,item_id,${name}`, BY_TIME, [isRead(name, 'timestamp')]],
  ),
  // The documented name is the time, whatever else there is.
  ['user_id,item_id,timestamp,time', BY_TIME, [notRead('time')], ',', 1],
  ['user_id,item_id,timestamp,rating,price', BY_TIME, [notRead('rating', 'price')], ',', 2],
  ['user_id,item_id,ts,rating,', BY_TIME, [isRead('ts', 'timestamp'), notRead('rating', '')], ',', 2],
  // No time: the file's order stands and is told, and what might be the time is named.
  ['user_id,item_id,rating', BY_FILE, [`${FILE_ORDER}.`, notRead('rating')]],
  ...['watch_time', 'releaseDate', 'Year', 'last_seen_at', 'time_spent', 'timestamp_of_import'].map(
    (name): [string, string[], string[]] => [
      `user_id,item_id,${name}`,
      BY_FILE,
      [`${FILE_ORDER}; if the time is in "${name}", call that column timestamp.`, notRead(name)],
    ],
  ),
  // Other separators, by the header.
  ['user_id;item_id;timestamp', BY_TIME, [], ';'],
  ['user_id\titem_id\ttimestamp', BY_TIME, [], '\t'],
  ['"user_id";"item_id";"timestamp"', BY_TIME, [], ';'],
  ['user_id\titem_id\tts\tprice, EUR', BY_TIME, [isRead('ts', 'timestamp'), notRead('price, EUR')], '\t', 1],
];
for (const [header, order, notes, separator, others] of headers) {
  test(`under ${JSON.stringify(header)} the order is ${order}`, async () => {
    assert.deepEqual(await readUnder(header, separator, others), { order, notes });
  });
}

const refusedHeaders: [header: string, message: RegExp][] = [
  ['user_id,item_id,timestamp,timestamp', /got the column "timestamp" twice, expected each name once/],
  ['user_id,item_id,timestamp,TimeStamp ', /got the column "TimeStamp" twice/],
  ['user_id,user_id,item_id', /got the column "user_id" twice/],
  ['Item_ID,user_id,item_id', /got the column "item_id" twice/],
  ['user_id,item_id,rating,Rating', /got the column "Rating" twice/],
  ['user_id;item_id;price;price', /got the column "price" twice/],
  [
    'user_id,item_id,time,date',
    /got "time", "date", each of which may be the time, expected one; call the one/,
  ],
  ['user_id,item_id,reviewTime,unixReviewTime', /got "reviewTime", "unixReviewTime", each of which may be/],
  [
    'u,a,1',
    /got "u,a,1", expected a header with the columns user_id, item_id and, where known, timestamp, sep/,
  ],
  ['user_id item_id', /expected a header .*; name them so, or add it as the first line\.$/],
  ['userId,movieId,timestamp', /expected a header .*; name them so/],
  ['user_id;item_id,timestamp', /expected a header/],
  ['"user_id,item_id', /expected a header/],
];
for (const [header, message] of refusedHeaders) {
  test(`${JSON.stringify(header)} ends the reading with one sentence`, async () => {
    const error = { name: 'TslrecError', code: 'bad-data', message };
    await assert.rejects(readUnder(header), error);
    await assert.rejects(readUnder(header), { message: /^interactions\.csv:1:1: got [^\n]*\.$/ });
  });
}

test('a row that has another time is named by its column, and no time is guessed', async () => {
  for (const [value, shown] of [
    ['31.01.2024', '"31\\.01\\.2024"'],
    ['', '""'],
    ['1,5', '"1,5"'],
  ]) {
    const path = folderOf({ 'interactions.csv': lines('user_id;item_id;Date', `u;a;${value}`) });
    const message = new RegExp(
      `^interactions\\.csv:2:5: got Date ${shown}, expected a number, such as seconds`,
    );
    await assert.rejects(readDataset(path, stop), { message });
  }
});

test('many columns are named in part', async () => {
  const many = Array.from({ length: 1000 }, (_, column) => `c${column}`);
  const { notes } = await readUnder(['user_id', 'item_id', 'timestamp', ...many].join(), ',', many.length);
  assert.match(notes[0], /"c19" and 980 more\.$/);
});
