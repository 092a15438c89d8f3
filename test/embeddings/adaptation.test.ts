import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import {
  type Adaptation,
  applyAdaptation,
  loadAdaptation,
  saveAdaptation,
} from '../../src/embeddings/adaptation.ts';
import { blockScalings, type FeatureBlock, joinBlocks } from '../../src/embeddings/item-features.ts';
import { type AdapterMember, mergeAdapters, widenAdapter } from '../../src/embeddings/merge-adapters.ts';
import { principalComponents } from '../../src/embeddings/pca.ts';
import type { Values } from '../../src/network/scope.ts';
import { createRandom } from '../../src/random.ts';

const random = createRandom('adaptation');
const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const N = 30;
const d = 4;
const H = 5;
const block = (name: string, width: number, rowLength: number): FeatureBlock => ({
  name,
  width,
  rowLength,
  values: normals(N * width),
});
const blocks = [block('text', 6, 8), block('language model', 3, 1)];

test('blocks stand side by side, centred over the items, each row as long as its block asks for', () => {
  const joined = joinBlocks(blocks, blockScalings(blocks));
  for (let i = 0; i < N; i++) {
    const row = joined.subarray(i * 9, (i + 1) * 9);
    assert.ok(Math.abs(Math.hypot(...row.subarray(0, 6)) - 8) < 1e-4);
    assert.ok(Math.abs(Math.hypot(...row.subarray(6)) - 1) < 1e-5);
  }
});

function adapterWeights(F = 9): Values {
  return new Map([
    ['adapter.inner.weight', { shape: [F, H], values: normals(F * H).map((x) => x / 3) }],
    ['adapter.inner.bias', { shape: [H], values: normals(H) }],
    ['adapter.outer.weight', { shape: [H, d], values: normals(H * d) }],
    ['adapter.outer.bias', { shape: [d], values: normals(d) }],
  ]);
}

const learnt = (weights: Values): Adaptation => ({ scalings: blockScalings(blocks), weights });

async function member(): Promise<AdapterMember> {
  const weights = adapterWeights();
  const residual = normals(N * d).map((x) => 0.1 * x);
  const adapted = await applyAdaptation(learnt(weights), blocks);
  return { weights, residual, table: adapted.map((x, i) => x + residual[i]) };
}

/** [N, width] -> the inner products of its rows, centred over the items [N, N]. */
function centredGram(table: Float32Array, width: number): number[] {
  const mean = Array.from({ length: width }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < N; i++) sum += table[i * width + j] / N;
    return sum;
  });
  const at = (i: number, j: number) => table[i * width + j] - mean[j];
  return Array.from({ length: N * N }, (_, p) => {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += at(Math.floor(p / N), j) * at(p % N, j);
    return sum;
  });
}

/** Cosine of two lists of numbers. */
function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, x, i) => sum + x * b[i], 0);
  return dot / Math.hypot(...a) / Math.hypot(...b);
}

test('an adapter merged with itself gives the same table but for rotation, centre and scale', async () => {
  const one = await member();
  const { weights, residual } = mergeAdapters([one, one], d);
  assert.deepEqual(weights.get('adapter.inner.weight')!.shape, [9, 2 * H]);
  const table = (await applyAdaptation(learnt(weights), blocks)).map((x, i) => x + residual[i]);
  assert.ok(cosine(centredGram(table, d), centredGram(one.table, d)) > 1 - 1e-6);
  for (let j = 0; j < d; j++) {
    let sum = 0;
    for (let i = 0; i < N; i++) sum += table[i * d + j] / N;
    assert.ok(Math.abs(sum) < 1e-4, `column ${j} has mean ${sum}`);
  }
  const square = (values: Float32Array) => values.reduce((sum, x) => sum + x * x, 0);
  assert.ok(Math.abs(square(table) / square(one.table) - 1) < 1e-4);
});

test('merging keeps what members agree on: of three, two alike, it is nearer to the pair', async () => {
  const pair = await member();
  const third = await member();
  const { weights, residual } = mergeAdapters([pair, third, pair], d);
  const table = (await applyAdaptation(learnt(weights), blocks)).map((x, i) => x + residual[i]);
  const gram = centredGram(table, d);
  const [toPair, toThird] = [pair, third].map((one) => cosine(gram, centredGram(one.table, d)));
  assert.ok(toPair > toThird + 0.1, `${toPair} to the pair, ${toThird} to the third`);
});

test('an adapter that was learnt on one of two blocks gives the same vectors over both', async () => {
  for (const block of blocks) {
    const alone = adapterWeights(block.width);
    const narrow = { scalings: blockScalings([block]), weights: alone };
    const wide = learnt(widenAdapter(alone, [block], blocks));
    assert.deepEqual(await applyAdaptation(wide, blocks), await applyAdaptation(narrow, [block]));
  }
});

test('an adaptation survives its file; other blocks than the fitted ones are refused', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tslrec-'));
  const file = path.join(folder, 'adaptation.safetensors');
  const adaptation = learnt(adapterWeights());
  saveAdaptation(file, adaptation);
  const before = await applyAdaptation(adaptation, blocks);
  assert.deepEqual(await applyAdaptation(await loadAdaptation(file), blocks), before);
  await assert.rejects(
    applyAdaptation(adaptation, blocks.toReversed()),
    /was fitted on text \[6\], got language model \[3\]/,
  );
  await rm(folder, { recursive: true });
});

test('principal components are at right angles and of one length; columns beyond them are zero', () => {
  // Four points at (+-3, 0) and (0, +-1), turned by an angle of 3-4-5: variances 4.5 and 0.5 along the axes;
  // and moved, which changes nothing.
  const points = [3, 0, -3, 0, 0, 1, 0, -1];
  const turned = Float32Array.from(points, (_, i) => {
    const [x, y] = points.slice(i - (i % 2), i - (i % 2) + 2);
    return i % 2 === 0 ? 0.6 * x - 0.8 * y + 5 : 0.8 * x + 0.6 * y - 2;
  });
  const vectors = principalComponents(turned, 2, { width: 3, rowLength: 0.5 });
  const expected = [0.5, 0, 0, 0.5, 0, 0, 0, 0.5, 0, 0, 0.5, 0];
  vectors.forEach((x, i) => {
    assert.ok(Math.abs(Math.abs(x) - expected[i]) < 1e-6, `${i}: ${x}`);
  });
  assert.ok(vectors[0] * vectors[3] < 0 && vectors[7] * vectors[10] < 0, 'opposite points stay opposite');
});
