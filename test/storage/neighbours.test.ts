// Nearest neighbours from a graph in a file, against all rows compared in double precision.
import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import { readIndexFile, writeIndexFile } from '../../src/storage/index-file.ts';
import { type NearestRows, nearestRows } from '../../src/storage/nearest.ts';
import { smallDraft } from '../support/drafts.ts';
import { emptyStoreFolder, openTestStore, temporaryFolder } from '../support/stores.ts';

const WIDTH = 16;

/** Written, read and asked as a store does it. */
async function indexed(context: TestContext, embeddings: Float32Array, dimension = WIDTH) {
  const file = path.join(await temporaryFolder(context), 'some.hnsw');
  const written = await writeIndexFile({ file, embeddings, dimension });
  const graph = await readIndexFile(file, written, dimension);
  return { graph, nearest: nearestRows(embeddings, dimension, graph) };
}

const randomVectors = (rows: number, width: number, seed = 1): Float32Array => {
  const random = createRandom(seed);
  return Float32Array.from({ length: rows * width }, () => random.normal());
};

/** By the definition of the cosine, row by row; equally near ones in row order. */
function nearestByDefinition(values: Float32Array, width: number, row: number, k: number) {
  const vector = (of: number) => Array.from(values.subarray(of * width, (of + 1) * width));
  const length = (of: number) => Math.hypot(...vector(of));
  const own = vector(row);
  return Array.from({ length: values.length / width }, (_, other) => ({
    row: other,
    similarity:
      vector(other).reduce((sum, value, column) => sum + value * own[column], 0) /
      length(row) /
      length(other),
  }))
    .filter((other) => other.row !== row)
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, k);
}

/** The share of the k nearest that is found, over the rows that `definition` has in their right order. */
function recall(
  nearest: NearestRows,
  definition: ReadonlyMap<number, { row: number; similarity: number }[]>,
  k: number,
) {
  const shares = [...definition].map(([row, right]) => {
    const found = nearest(row, k);
    assert.equal(found.length, Math.min(k, right.length));
    assert.ok(found.every(({ row: other }) => other !== row));
    assert.equal(new Set(found.map(({ row }) => row)).size, found.length);
    const least = right[found.length - 1].similarity - 1e-9;
    return found.filter(({ similarity }) => similarity >= least).length / found.length;
  });
  return { mean: shares.reduce((sum, share) => sum + share, 0) / shares.length, worst: Math.min(...shares) };
}

const definitionOf = (values: Float32Array, width: number, rows: readonly number[]) =>
  new Map(rows.map((row) => [row, nearestByDefinition(values, width, row, values.length)]));

/** Row numbers, evenly. */
const spread = (rows: number, count: number) =>
  Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));

/** Which rows are copies of which: of `rows`, a share has the vector of row 0, or groups have one vector. */
const duplicates: Record<string, (row: number, rows: number) => number> = {
  'no row is repeated': (row) => row,
  'a tenth is one vector': (row) => (row % 10 === 3 ? 3 : row),
  'half is one vector': (row) => (row % 2 === 1 ? 1 : row),
  'half is one vector, inserted first': (row, rows) => (row < rows / 2 ? 0 : row),
  '99 of 100 are one vector': (row) => (row % 100 === 7 ? row : 0),
  'every vector is there five times': (row) => row - (row % 5),
  'all are one vector': () => 0,
};

for (const [name, copyOf] of Object.entries(duplicates)) {
  test(`duplicates: ${name}`, async (context) => {
    const rows = 2000;
    const vectors = randomVectors(rows, WIDTH);
    const values = new Float32Array(rows * WIDTH);
    for (let row = 0; row < rows; row++) {
      const from = copyOf(row, rows) * WIDTH;
      values.set(vectors.subarray(from, from + WIDTH), row * WIDTH);
    }
    const { nearest } = await indexed(context, values);
    const { mean, worst } = recall(nearest, definitionOf(values, WIDTH, spread(rows, 50)), 10);
    assert.ok(mean >= 0.99 && worst >= 0.7, `recall ${mean}, worst ${worst}`);
    for (const row of spread(rows, 20)) {
      const own = Array.from({ length: rows }, (_, other) => other).filter(
        (other) => other !== row && copyOf(other, rows) === copyOf(row, rows),
      );
      const found = nearest(row, 30).slice(0, own.length);
      assert.deepEqual(
        found,
        own.slice(0, 30).map((other) => ({ row: other, similarity: 1 })),
      );
    }
  });
}

test('a graph says how much it finds; one that finds too little is not used', async (context) => {
  const file = path.join(await temporaryFolder(context), 'some.hnsw');
  const embeddings = randomVectors(1000, WIDTH);
  const written = await writeIndexFile({ file, embeddings, dimension: WIDTH });
  assert.ok(written.recall! >= 0.99 && written.recall! <= 1, `recall ${written.recall}`);
  for (const [recall, isUsed] of [
    [0.96, true],
    [0.94, false],
    [0, false],
    [undefined, false],
  ] as const) {
    const graph = await readIndexFile(file, { ...written, recall }, WIDTH);
    assert.equal(graph !== undefined, isUsed, `recall ${recall}`);
  }
});

test('the deeper the list, the further the graph is searched', async (context) => {
  const [rows, width] = [4000, 64];
  const values = randomVectors(rows, width);
  const { graph, nearest } = await indexed(context, values, width);
  assert.equal(graph?.getCurrentCount(), rows);
  const definition = definitionOf(values, width, spread(rows, 15));
  for (const [k, least] of [
    [1, 0.99],
    [10, 0.99],
    [100, 0.99],
    [300, 0.99],
    [1000, 0.99],
  ]) {
    const { mean } = recall(nearest, definition, k);
    assert.ok(mean >= least, `recall@${k} ${mean}`);
  }
  assert.equal(nearest(0, rows + 5).length, rows - 1);
});

test('similarities are cosines, at most 1, whatever the lengths', async (context) => {
  const rows = 700;
  const values = randomVectors(rows, WIDTH);
  // Every row is there in seven lengths, among them those whose squares are no single-precision number.
  const scales = [1, 3, 0.1, 1e-25, 1e-30, 1e30, 1e37];
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / WIDTH);
    values[i] = values[(row - (row % 7)) * WIDTH + (i % WIDTH)] * scales[row % 7];
  }
  for (const nearest of [(await indexed(context, values)).nearest, nearestRows(values, WIDTH)]) {
    for (let row = 0; row < rows; row++)
      assert.ok(nearest(row, 10).every(({ similarity }) => similarity <= 1));
    for (const row of spread(rows, 35)) {
      const exact = nearestByDefinition(values, WIDTH, row, 60);
      const found = nearest(row, 60);
      found.forEach(({ similarity }, rank) => {
        assert.ok(Math.abs(similarity - exact[rank].similarity) < 1e-6, `${similarity} at ${rank}`);
      });
      const group = (of: number) => Math.floor(of / 7);
      assert.ok(found.slice(0, 6).every((other) => group(other.row) === group(row)));
    }
  }
});

test('equally near rows come in row order', async (context) => {
  const width = 400;
  const values = new Float32Array(2 * width * width);
  // Row r is the axis r, or its opposite.
  for (let row = 0; row < 2 * width; row++) values[row * width + (row % width)] = row < width ? 1 : -1;
  const { nearest } = await indexed(context, values, width);
  for (const row of [0, 17, 399, 400, 799]) {
    const opposite = (row + width) % (2 * width);
    const others = [...Array(2 * width).keys()].filter((other) => other !== row && other !== opposite);
    for (const search of [nearest, nearestRows(values, width)])
      assert.deepEqual(
        search(row, 2 * width).map((found) => found.row),
        [...others, opposite],
      );
  }
  const few = nearestRows(values, width)(3, 5);
  assert.deepEqual(
    few.map(({ row }) => row),
    [0, 1, 2, 4, 5],
  );
});

test('published vectors of any length keep their value and their direction', async (context) => {
  const store = await openTestStore(context, await emptyStoreFolder(context));
  const lengths = [1, 1e-25, 1e30, 3e38, 1e-37, 1e-40];
  const angles = lengths.map((_, i) => i / 3);
  const embeddings = Float32Array.from(
    lengths.flatMap((length, i) => [length * Math.cos(angles[i]), length * Math.sin(angles[i])]),
  );
  embeddings[1] = -0;
  const { runId } = await store.beginRun({ key: 'lengths', command: 'refresh', options: {} });
  await store.publish(
    smallDraft(runId, {
      items: lengths.map((_, i) => ({ itemId: `${i}`, attributes: {} })),
      embeddings,
      itemCategories: new Int32Array(lengths.length),
      inferredItemCategories: new Float32Array(2 * lengths.length).fill(0.5),
    }),
  );
  const { values } = await store.embeddings();
  assert.deepEqual(new Uint8Array(values.buffer), new Uint8Array(embeddings.buffer));
  for (let i = 0; i < lengths.length; i++) {
    const { embedding } = await store.embedding(`${i}`);
    assert.deepEqual(
      Float32Array.from(embedding),
      values.subarray(2 * i, 2 * i + 2).map((value) => value + 0),
    );
    for (const { itemId, similarity } of (await store.neighbours(`${i}`, 10)).neighbours)
      assert.ok(Math.abs(similarity - Math.cos(angles[i] - angles[Number(itemId)])) < 1e-4, `${i} ${itemId}`);
  }
});
