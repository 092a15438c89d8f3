// MovieLens in CSV, as the README of ml-25m describes it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { testBadRows } from '../support/bad-rows.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const FILES = {
  'movies.csv': lines(
    'movieId,title,genres',
    '1,Toy Story (1995),Adventure|Animation|Comedy',
    '11,"American President, The (1995)",Comedy',
    '2,"""Great"" Café, The (1995)",(no genres listed)',
  ),
  'ratings.csv': lines(
    'userId,movieId,rating,timestamp',
    '2,11,0.5,1147880044',
    '1,2,5.0,1147880045',
    '1,1,4.5,1147868817',
  ),
};
const OWN = {
  'items.jsonl': lines(
    '{"item_id":"1","title":"Toy Story (1995)","attributes":{"genres":["Adventure","Animation","Comedy"]}}',
    '{"item_id":"11","title":"American President, The (1995)","attributes":{"genres":["Comedy"]}}',
    '{"item_id":"2","title":"\\"Great\\" Café, The (1995)"}',
  ),
  'interactions.csv': lines(
    'user_id,item_id,timestamp',
    '1,1,1147868817',
    '1,2,1147880045',
    '2,11,1147880044',
  ),
};

test('it is the same data set as its conversion, plain, compressed and with any line ends', async () => {
  const { dataset } = await readDataset(folderOf(OWN), stop);
  const compressed = Object.fromEntries(
    Object.entries(FILES).map(([name, text]) => [`${name}.gz`, gzipSync(text.replaceAll('\n', '\r\n'))]),
  );
  for (const files of [FILES, compressed]) {
    const read = await readDataset(folderOf(files), stop);
    assert.deepEqual(read.dataset.items, dataset.items);
    assert.equal(read.dataset.hash, dataset.hash);
    assert.deepEqual(read.dataset.times, dataset.times);
    assert.deepEqual(read.notes, [
      `Recognised: MovieLens latest, 20M, 25M or 32M (${Object.keys(files).reverse().join(', ')}).`,
    ]);
  }
});

test('tags, links and the genome are named as not read', async () => {
  const beside = ['genome-scores.csv', 'genome-tags.csv', 'links.csv', 'tags.csv'];
  const folder = folderOf({ ...FILES, ...Object.fromEntries(beside.map((name) => [name, 'x,y\n'])) });
  const { notes } = await readDataset(folder, stop);
  assert.equal(notes.at(-1), `Files that are not read: ${beside.join(', ')}.`);
});

test('ratings below the least are no interactions', async () => {
  const { dataset, filteredRows } = await readDataset(folderOf(FILES), { ...stop, minRating: 4.5 });
  assert.deepEqual([dataset.userIds, filteredRows], [['1'], 1]);
});

const bad: [file: keyof typeof FILES, row: string, message: RegExp][] = [
  ['ratings.csv', '1,1,4.5', /^ratings\.csv:5:1: got 3 columns, expected 4;/],
  ['ratings.csv', '1,7,4.5,1', /^ratings\.csv:5:3: got item "7", expected an item that the catalogue has;/],
  ['ratings.csv', '1,1,4.5,soon', /^ratings\.csv:5:9: got timestamp "soon", expected a number/],
  ['movies.csv', '1,Again,Drama', /^movies\.csv:5:1: got item "1" again, expected each item once;/],
  ['movies.csv', '7,"Heat (1995),Action', /^movies\.csv:5:1: got .*, expected a row whose quotation marks/],
];
test('a bad row has its place, and is left out where such are skipped', async () => {
  await testBadRows(
    FILES,
    bad.map(([file, row, message]) => [file, lines(row), message]),
  );
  const empty = folderOf({ ...FILES, 'movies.csv': lines('movieId,title,genres') });
  await assert.rejects(readDataset(empty, stop), refused(/movies\.csv has no movies, expected one a line/));
});

test('files of other columns are not taken for it, and tslrec files do not hide it', async () => {
  const other = folderOf({ ...FILES, 'ratings.csv': lines('stars,movie', '5,1') });
  await assert.rejects(readDataset(other, stop), refused(/: got movies\.csv \(.*\), ratings\.csv \(/, other));
  const both = folderOf({ ...FILES, ...OWN });
  await assert.rejects(
    readDataset(both, stop),
    refused(/: got movies\.csv, ratings\.csv beside inter/, both),
  );
});
