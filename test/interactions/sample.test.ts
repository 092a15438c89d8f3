import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { adjustedRandIndex } from '../../src/categories/adjusted-rand-index.ts';
import { kMeans } from '../../src/categories/k-means.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../../src/interactions/sample.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { createRandom } from '../../src/random.ts';

const sample = generateSample(DEFAULT_SAMPLE);
const { dataset, plantedCategories, coldItems } = sample;

test('the default sample: 600 items in 12 categories of 50, 1,500 users, about 10 interactions each', () => {
  assert.equal(dataset.items.length, 600);
  for (let category = 0; category < 12; category++)
    assert.equal(plantedCategories.filter((planted) => planted === category).length, 50);
  assert.equal(dataset.sequences.length, 1_500);
  const lengths = dataset.sequences.map((sequence) => sequence.length);
  const mean = lengths.reduce((a, b) => a + b) / 1_500;
  assert.ok(mean > 9 && mean < 11, `${mean}`);
  assert.ok(Math.min(...lengths) >= 5);
});

test('exactly the cold items, 3 of each 50, occur in no interaction; each other one at least 5 times', () => {
  const counts = new Int32Array(600);
  for (const sequence of dataset.sequences) for (const item of sequence) counts[item]++;
  assert.equal(coldItems.size, 36);
  counts.forEach((count, item) => {
    assert.ok(coldItems.has(item) ? count === 0 : count >= 5, `item ${item} occurs ${count} times`);
  });
});

test('a user stays within three categories', () => {
  for (const sequence of dataset.sequences)
    assert.ok(new Set(Array.from(sequence, (item) => plantedCategories[item])).size <= 3);
});

test('behaviour alone gives the hidden categories back: k-means on co-occurrence rows, ARI >= 0.95', () => {
  const together = new Float32Array(600 * 600);
  for (const sequence of dataset.sequences)
    for (let t = 1; t < sequence.length; t++) {
      together[sequence[t - 1] * 600 + sequence[t]]++;
      together[sequence[t] * 600 + sequence[t - 1]]++;
    }
  // Two steps of the walk connect items that share neighbours.
  const twice = new Float32Array(600 * 600);
  for (let i = 0; i < 600; i++)
    for (let k = 0; k < 600; k++) {
      const weight = together[i * 600 + k];
      if (weight !== 0) for (let j = 0; j < 600; j++) twice[i * 600 + j] += weight * together[k * 600 + j];
    }
  const { categories } = kMeans(twice, { dimension: 600, clusterCount: 12, seed: 1 });
  assert.ok(adjustedRandIndex(categories, plantedCategories) >= 0.95);
});

test('order carries information: pairs of neighbours recur more often than in shuffled sequences', () => {
  const recurringShare = (sequences: readonly Int32Array[]) => {
    const pairs = sequences.flatMap((sequence) =>
      Array.from(sequence.subarray(1), (next, t) => `${sequence[t]} ${next}`),
    );
    const counts = new Map<string, number>();
    for (const pair of pairs) counts.set(pair, (counts.get(pair) ?? 0) + 1);
    return pairs.filter((pair) => counts.get(pair)! > 1).length / pairs.length;
  };
  const random = createRandom('shuffle');
  const shuffled = dataset.sequences.map((sequence) => random.shuffle(sequence.slice()));
  assert.ok(recurringShare(dataset.sequences) > 0.6, `${recurringShare(dataset.sequences)}`);
  assert.ok(recurringShare(shuffled) < 0.4, `${recurringShare(shuffled)}`);
});

test('the same seed gives the same sample, another seed another one', () => {
  assert.equal(generateSample(DEFAULT_SAMPLE).dataset.hash, dataset.hash);
  assert.notEqual(generateSample({ ...DEFAULT_SAMPLE, seed: 2 }).dataset.hash, dataset.hash);
});

test('what is written says that it is synthetic, reads back the same, and hides the truth', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tslrec-sample-'));
  try {
    writeSample(folder, sample);
    assert.equal((await readDataset(folder, { onBadRow: 'stop' })).dataset.hash, dataset.hash);
    assert.match(JSON.parse(readFileSync(join(folder, 'dataset.json'), 'utf8')).note, /^SYNTHETIC/);
    const planted = JSON.parse(readFileSync(join(folder, 'planted.json'), 'utf8'));
    assert.equal(Object.keys(planted.categories).length, 600);
    assert.equal(planted.coldItems.length, 36);
    for (const item of dataset.items) assert.deepEqual(Object.keys(item.attributes), ['brand']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('sizes that cannot be made are refused', () => {
  assert.throws(() => generateSample({ ...DEFAULT_SAMPLE, categories: 13 }), { code: 'bad-request' });
  assert.throws(() => generateSample({ ...DEFAULT_SAMPLE, items: 100 }), { code: 'bad-request' });
});
