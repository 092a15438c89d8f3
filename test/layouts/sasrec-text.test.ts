// SASRec's text: `user item`, in the order of time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { testBadRows } from '../support/bad-rows.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const TEXT = lines('1 20', '1 3', '1 20', '2 3', '10 4');
const OWN = { 'interactions.csv': lines('user_id,item_id', '1,20', '1,3', '1,20', '2,3', '10,4') };
const TIMED = lines('1 20 978300760', '1 3 978300761', '1 20 978300759');

test('it is the same data set as its conversion, with blanks or tabs, plain or compressed', async () => {
  const { dataset } = await readDataset(folderOf(OWN), stop);
  const readme = 'Beauty, as users and items\n';
  for (const text of [TEXT, TEXT.replaceAll(' ', '\t'), TEXT.replaceAll('\n', '\r\n'), gzipSync(TEXT)]) {
    const read = await readDataset(folderOf({ 'Beauty.txt': text, 'readme.txt': readme }), stop);
    assert.equal(read.dataset.hash, dataset.hash);
    assert.deepEqual(read.notes, [
      'Recognised: SASRec text (Beauty.txt).',
      'Beauty.txt: the first column is read as the user, the second as the item; the order of its rows is ' +
        'taken for the order in time.',
      'Items are known by the ids in Beauty.txt, without text.',
    ]);
  }
});

test('a third column is the time where it may be one, and is refused where it is a rating', async () => {
  const { dataset, notes } = await readDataset(folderOf({ 'ml.txt': TIMED }), stop);
  assert.deepEqual([...dataset.sequences[0]], [0, 0, 1]);
  assert.equal(
    notes[1],
    'ml.txt: the first column is read as the user, the second as the item, the third as the time.',
  );
  const rated = folderOf({ 'ml.txt': lines('1 20 5', '1 3 4') });
  await assert.rejects(
    readDataset(rated, stop),
    refused(
      /: got ml\.txt with lines of three numbers, such as "1 20 5", expected lines `user item` in/,
      rated,
    ),
  );
});

const others = {
  words: 'the cat\nsat 12\n',
  'one number a line': lines('12', '13'),
  'a matrix': lines('1 2', '1 2 3'),
  decimals: lines('1.5 2', '2.5 3'),
  'a line of words among the first': TEXT + lines('and more'),
  nothing: '',
  'no text': gzipSync(gzipSync(TEXT)),
};
for (const [what, text] of Object.entries(others)) {
  test(`${what}: not taken for it`, async () => {
    const folder = folderOf({ 'data.txt': text });
    await assert.rejects(readDataset(folder, stop), refused(/: got .*, expected items\.jsonl and/, folder));
  });
}

test('two of them are refused by name; beside files of another layout none is read', async () => {
  const folder = folderOf({ 'Beauty.txt': TEXT, 'Steam.txt': TEXT });
  const message = /: got both Beauty\.txt and Steam\.txt, which have lines `user item`, expected one; keep/;
  await assert.rejects(readDataset(folder, stop), refused(message, folder));
  const { layout } = await readDataset(folderOf({ ...OWN, 'Beauty.txt': TEXT }), stop);
  assert.equal(layout, 'tslrec');
});

test('a bad row behind the first lines has its place, and is left out where such are skipped', async () => {
  const many = Array.from({ length: 200 }, (_, row) => `${row} ${row % 7}`);
  const message = /^x\.txt:201:1: got 1 column, expected 2;/;
  await testBadRows({ 'x.txt': lines(...many) }, [['x.txt', lines('5'), message]]);
});

test('it has no ratings to filter by', async () => {
  await assert.rejects(
    readDataset(folderOf({ 'x.txt': TEXT }), { ...stop, minRating: 4 }),
    refused(/^--min-rating: x\.txt has no column that is known as the rating;/),
  );
});
