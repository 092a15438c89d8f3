// RetailRocket's events, as the page of the data set describes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { testBadRows } from '../support/bad-rows.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const FILES = {
  'events.csv': lines(
    'timestamp,visitorid,event,itemid,transactionid',
    '1433221332117,257597,view,355908,',
    '1433222276276,257597,transaction,356475,4000',
    '1433222276000,257597,addtocart,356475,',
    '1433224214164,992329,view,248676,',
  ),
};
const ROWS = ['257597,355908,1', '257597,356475,2', '257597,356475,3', '992329,248676,4'];
const OWN = { 'interactions.csv': lines('user_id,item_id,timestamp', ...ROWS) };

test('it is the same data set as its conversion; what counts and what is read as what is said', async () => {
  const beside = ['category_tree.csv', 'item_properties_part1.csv', 'item_properties_part2.csv'];
  const folder = folderOf({ ...FILES, ...Object.fromEntries(beside.map((name) => [name, 'x,y\n'])) });
  const { dataset, notes } = await readDataset(folder, stop);
  assert.equal(dataset.hash, (await readDataset(folderOf(OWN), stop)).dataset.hash);
  assert.equal(dataset.times[0][0], 1_433_221_332.117);
  assert.deepEqual(notes, [
    'Recognised: RetailRocket (events.csv).',
    'events.csv: "visitorid" is read as the user, "itemid" as the item and "timestamp" as the time.',
    'Items are known by the ids in events.csv, without text: what RetailRocket says of them is hashes.',
    `Files that are not read: ${beside.join(', ')}.`,
    'Views count as interactions, as do addtocart and transaction; to learn from some alone give them, as ' +
      'in --events addtocart,transaction.',
    'events.csv: timestamp is read as milliseconds since 1970.',
  ]);
});

test('of the events those that are asked for count, and nothing more is said of that', async () => {
  const choices = { ...stop, events: ['addtocart', 'transaction'] };
  const { dataset, filteredRows, notes } = await readDataset(folderOf(FILES), choices);
  const bought = folderOf({ 'interactions.csv': lines('user_id,item_id,timestamp', ...ROWS.slice(1, 3)) });
  assert.equal(dataset.hash, (await readDataset(bought, stop)).dataset.hash);
  assert.equal(filteredRows, 2);
  assert.doesNotMatch(notes.join('\n'), /--events/);
  await assert.rejects(
    readDataset(folderOf(FILES), { ...stop, events: ['purchase'] }),
    refused(/^--events: got "purchase", which no row of events\.csv has, expected some of "view", /),
  );
});

const bad: [row: string, message: RegExp][] = [
  ['1433221332117,1,view,2', /^events\.csv:6:1: got 4 columns, expected 5;/],
  ['1433221332117,,view,2,', /^events\.csv:6:15: got an empty id, expected the user's id;/],
  [
    '1433221332,1,view,2,',
    /^events\.csv:6:1: got timestamp "1433221332", expected milliseconds, as the rows/,
  ],
];
test('a bad row has its place, and is left out where such are skipped', async () => {
  await testBadRows(
    FILES,
    bad.map(([row, message]) => ['events.csv', lines(row), message]),
  );
});

test('events of another shop are not taken for it; no text and a second layout are named', async () => {
  const noText = folderOf({ 'events.csv': 'PK\x03\x04' });
  await assert.rejects(readDataset(noText, stop), refused(/events\.csv: got a zip archive/, noText));
  const both = folderOf({ ...FILES, ...OWN });
  await assert.rejects(readDataset(both, stop), refused(/: got events\.csv beside interactions\.csv/, both));
  const folder = folderOf({ 'events.csv': lines('user,sku,when', 'u,a,1') });
  await assert.rejects(
    readDataset(folder, stop),
    refused(/: got events\.csv \("user", .*--user-column/, folder),
  );
});
