// Vectors of somebody's own recommender in a refresh: the categories are found among them, item by item, and
// other vectors are other work. A failpoint ends the runs once the categories are there; the later stages are
// the usual ones.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { tslrec } from '../support/command-line.ts';
import { outputOf, stageNames } from '../support/stages.ts';
import { emptyStoreFolder, temporaryFolder } from '../support/stores.ts';
import { npy } from '../support/vector-files.ts';

const ITEMS = 20;
const WITHOUT_ROW = 3;
const ZEROS = 16;
const hasVector = (item: number) => item !== WITHOUT_ROW && item !== ZEROS;
/** Two directions: one of the first ten items, one of the others. */
const vectorOf = (item: number) => (item < ITEMS / 2 ? [1, 0.1, 0] : [0, 0.1, 2]);
const idOf = (item: number) => `S${String(item + 1).padStart(4, '0')}`;

/**
 * v.npy and v.ids.txt: the items from the last to the first, a padding row before them and an item of old
 * behind.
 */
function writeVectors(folder: string, scale: number): void {
  const items = [...Array(ITEMS).keys()].reverse().filter((item) => item !== WITHOUT_ROW);
  const rows = items.map((item) => (item === ZEROS ? [0, 0, 0] : vectorOf(item).map((x) => scale * x)));
  writeFileSync(path.join(folder, 'v.npy'), npy([[0, 0, 0], ...rows, [9, 9, 9]]));
  writeFileSync(path.join(folder, 'v.ids.txt'), ['[PAD]', ...items.map(idOf), 'gone', ''].join('\n'));
}

test('refresh --srs-embeddings', async (context) => {
  const folder = await temporaryFolder(context);
  const storeFolder = await emptyStoreFolder(context);
  await tslrec(folder, [
    'generate-sample',
    'sample',
    '--users',
    '60',
    '--items',
    `${ITEMS}`,
    '--categories',
    '2',
  ]);
  /** The folders of all work so far. */
  const categorise = async (): Promise<string[]> => {
    const parameters = [
      '--data',
      'sample',
      '--store',
      storeFolder,
      '--preset',
      'quick',
      '--srs-embeddings',
      'v.npy',
    ];
    const exit = await tslrec(folder, ['refresh', ...parameters], { TSLREC_FAILPOINT: 'after:categorise' });
    assert.equal(exit.signal, 'SIGKILL', exit.stderr);
    return stageNames(storeFolder);
  };

  await context.test('multiples of one vector end the refresh before anything is learnt', async () => {
    writeFileSync(
      path.join(folder, 'same.npy'),
      npy([...Array(ITEMS).keys()].map((item) => [1 + item, 0, 2 + 2 * item])),
    );
    writeFileSync(path.join(folder, 'same.ids.txt'), [...Array(ITEMS).keys()].map(idOf).join('\n'));
    const parameters = ['--data', 'sample', '--store', storeFolder, '--srs-embeddings', 'same.npy'];
    const exit = await tslrec(folder, ['refresh', ...parameters]);
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, /same\.npy: got the same vector, .* for all of 20 items of the catalogue, /);
  });

  writeVectors(folder, 1);
  const stages = await categorise();
  await context.test('nothing is pre-trained', () => {
    assert.deepEqual(stages, ['categorise', 'srs-embeddings']);
  });

  await context.test('each item has the vector of its id, zeros where it has none', async () => {
    const { tensors, metadata } = await readSafetensors(outputOf(storeFolder, 'srs-embeddings'));
    const { shape, values } = tensors.get('itemVectors')!;
    assert.deepEqual(shape, [ITEMS, 3]);
    const expected = Array.from({ length: ITEMS }, (_, item) =>
      hasVector(item) ? vectorOf(item) : [0, 0, 0],
    );
    assert.deepEqual(values, Float32Array.from(expected.flat()));
    assert.deepEqual(JSON.parse(metadata.facts), { itemsWithoutVector: 2, unknownIds: 2 });
  });

  await context.test('the categories are the two directions; an item without a vector has none', async () => {
    const { tensors, metadata } = await readSafetensors(outputOf(storeFolder, 'categorise'));
    assert.deepEqual(tensors.get('centroids')!.shape, [2, 3]);
    const categories = [...tensors.get('categories')!.values];
    const placed = [...categories.keys()].filter((item) => categories[item] >= 0);
    assert.ok(placed.length >= ITEMS - 4, `${placed}`); // two items are cold, two have no vector
    assert.ok(placed.every(hasVector));
    const half = (item: number) => Number(item >= ITEMS / 2);
    const categoryOf = new Map(placed.map((item) => [half(item), categories[item]]));
    assert.equal(new Set(categoryOf.values()).size, 2);
    for (const item of placed) assert.equal(categories[item], categoryOf.get(half(item)));
    assert.equal(JSON.parse(metadata.facts).itemsWithoutCategory, ITEMS - placed.length);
  });

  await context.test('other vectors, be it of the same directions, do not find its stages', async () => {
    writeVectors(folder, 2);
    assert.deepEqual((await categorise()).filter((name) => name === 'categorise').length, 2);
  });
});
