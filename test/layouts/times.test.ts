// What stands in a column of times -> seconds since 1970, and in which order rows come by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { folderOf, lines } from '../support/folders.ts';

/** One user's rows of these times, each of an item named by its place. */
async function readTimes(...times: readonly string[]) {
  const rows = times.map((time, place) => `u,i${place},${time}`);
  const folder = folderOf({ 'interactions.csv': lines('user_id,item_id,timestamp', ...rows) });
  const { dataset, notes } = await readDataset(folder, { onBadRow: 'stop' });
  return {
    times: [...dataset.times[0]],
    order: Array.from(dataset.sequences[0], (item) => dataset.items[item].itemId).join(' '),
    notes: notes.filter((note) => note.startsWith('interactions.csv')),
  };
}

const SINCE_1970 = (unit: string) => [`interactions.csv: timestamp is read as ${unit} since 1970.`];
const read: [what: string, times: string[], seconds: number[], notes: string[]][] = [
  ['seconds', ['1700000000', '1700000000.5', '1.7000000015e9'], [1.7e9, 1.7e9 + 0.5, 1.7e9 + 1.5], []],
  ['positions', ['0', '1', '2'], [0, 1, 2], []],
  ['times before 1970', ['-5', '-1.5', '3'], [-5, -1.5, 3], []],
  ['milliseconds', ['1700000000000', '1700000000001'], [1.7e9, 1.7e9 + 0.001], SINCE_1970('milliseconds')],
  ['milliseconds before 1970', ['-200000000000', '0'], [-2e8, 0], SINCE_1970('milliseconds')],
  [
    'microseconds',
    ['1700000000000000', '1700000000000001'],
    [1.7e9, 1.7e9 + 1e-6],
    SINCE_1970('microseconds'),
  ],
  [
    'nanoseconds',
    ['1700000000000000000', '1700000000000001000'],
    [1.7e9, 1.7e9 + 1e-6],
    SINCE_1970('nanoseconds'),
  ],
  ['an ISO date', ['1969-12-31', '1970-01-02', '2024-02-29'], [-86_400, 86_400, 1_709_164_800], []],
  [
    'ISO with zones',
    ['2024-05-31T18:00:00Z', '2024-05-31 20:00:01+02:00', '2024-05-31T14:00:02.25-0400'],
    [1_717_178_400, 1_717_178_401, 1_717_178_402.25],
    [],
  ],
  [
    'ISO without a zone',
    ['2024-05-31T18:00', '2024-05-31 18:00:00.123456'],
    [1_717_178_400, 1_717_178_400.123456],
    ['interactions.csv: timestamp has times without a zone, which are read as UTC.'],
  ],
];
for (const [what, times, seconds, notes] of read) {
  test(`${what}: told apart, and in the order of time however the rows stand`, async () => {
    const result = await readTimes(...times);
    assert.deepEqual(result.times, seconds);
    assert.deepEqual(result.notes, notes);
    const reversed = await readTimes(...times.toReversed());
    assert.deepEqual(reversed.times, seconds);
    assert.equal(reversed.order, times.map((_, place) => `i${times.length - 1 - place}`).join(' '));
  });
}

test('rows of the same time keep the order of the file', async () => {
  assert.equal((await readTimes('9', '5', '5', '5', '1')).order, 'i4 i1 i2 i3 i0');
});

const NUMBER_OR_DATE = /got timestamp ".*", expected a number, such as seconds since 1970, or an ISO date/;
const refused: [times: string[], message: RegExp][] = [
  [
    ['1700000000', '1700000000000'],
    /:3:6: got timestamp "1700000000000", expected seconds, as the rows before/,
  ],
  [['1700000000000', '1700000000'], /:3:6: got timestamp "1700000000", expected milliseconds, as the rows/],
  [
    ['1700000000', '2024-05-31'],
    /:3:6: got timestamp "2024-05-31", expected seconds, as the rows before have/,
  ],
  [['2024-05-31', '1700000000'], /:3:6: got timestamp "1700000000", expected dates, as the rows before have/],
  [['1', '100000000000000000001'], NUMBER_OR_DATE],
  ...['2023-02-29', '2024-13-01', '2024-05-31T24:00', '31/05/2024', 'May 31 2024', '0x10', ''].map(
    (time): [string[], RegExp] => [['5', time], NUMBER_OR_DATE],
  ),
];
test('a time of another kind than those before, or none, is a bad row', async () => {
  for (const [times, message] of refused)
    await assert.rejects(readTimes(...times), { message }, times.join());
});
