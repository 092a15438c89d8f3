// Planted data: what a broken SASRec (no positions, a leaking mask, a shifted target) could not learn.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialValues, parameterFeeds } from '../../src/network/scope.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { trainingBatches, trainingWindows } from '../../src/recommenders/batches.ts';
import { type ItemTable, RESIDUAL, RESIDUAL_DECAY } from '../../src/recommenders/item-table.ts';
import { rankingMetrics } from '../../src/recommenders/metrics.ts';
import {
  createRanker,
  type NextItems,
  NOT_RANKED,
  type TrainingOptions,
  trainingModel,
  trainRecommender,
} from '../../src/recommenders/recommender.ts';
import { sasrec } from '../../src/recommenders/sasrec.ts';
import { createSession } from '../../src/tensor/session.ts';

const N = 40;
const encoder = sasrec({ blocks: 2, heads: 1, feedForward: 1, dropout: 0.2 });
const recommender = { encoder, itemCount: N, width: 16, length: 8, repeatable: new Uint8Array(N).fill(1) };

/** Alternates between two items a user likes: order matters, popularity says nothing. */
function alternating(count: number, seed: number): Int32Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const pair = [random.integer(N), random.integer(N)];
    return Int32Array.from({ length: 7 }, (_, i) => pair[i % 2]);
  });
}

const lastOf = (sequences: readonly Int32Array[]): NextItems => ({
  histories: sequences.map((sequence) => sequence.subarray(0, -1)),
  targets: Int32Array.from(sequences, (sequence) => sequence.at(-1)!),
});

const training: Omit<TrainingOptions, 'table'> = {
  batchSize: 64,
  positionsPerStep: 1_000,
  steps: 300,
  patience: 100,
  learningRate: 5e-3,
  seed: 1,
  progress: silentProgress,
  name: 'test',
};

test('SASRec learns to alternate: the item before the last comes next, for pairs that it never saw', async () => {
  const held = lastOf(alternating(200, 99));
  const trained = await trainRecommender(recommender, alternating(800, 1), held, {
    ...training,
    table: { kind: 'random' },
  });
  const ranker = await createRanker(recommender);
  const metrics = rankingMetrics(await ranker.ranks(trained.values, trained.itemVectors, held));
  await ranker.release();
  assert.ok(metrics['mrr@5'] > 0.9, `MRR@5 ${metrics['mrr@5']}; guessing among the two would give about 0.75`);
});

test('a position sees itself and what was before it, never what comes after', async () => {
  const shape = { batchSize: 1, length: 8, positions: 8 };
  const model = trainingModel(recommender, { kind: 'random' }, shape);
  const session = await createSession(model.graph, model.outputs);
  const sequence = Int32Array.of(3, 1, 4, 15, 9, 2, 6, 5, 35);
  const [batch] = trainingBatches(trainingWindows([sequence], 8), shape, createRandom(1));
  const lossOfThirdPosition = async (items: Int32Array) => {
    const { loss } = await session.run({
      ...parameterFeeds(model.parameters, initialValues(model.parameters, createRandom(4))),
      ...model.dropoutFeeds(createRandom(2)),
      ...batch,
      weights: Float32Array.from({ length: 8 }, (_, r) => (r === 2 ? 1 : 0)),
      items,
    });
    return loss[0];
  };
  const loss = await lossOfThirdPosition(batch.items);
  for (const later of [3, 5, 7]) assert.equal(await lossOfThirdPosition(batch.items.with(later, 20)), loss);
  for (const seen of [0, 1, 2]) assert.notEqual(await lossOfThirdPosition(batch.items.with(seen, 20)), loss);
  await session.release();
});

test('ranks count the items that score higher; a tie goes to the lower index', async () => {
  // With a table of equal rows every score is equal, so the rank of item i is i.
  const ranker = await createRanker(recommender);
  const model = trainingModel(recommender, { kind: 'random' }, { batchSize: 1, length: 8, positions: 8 });
  const values = initialValues(model.parameters, createRandom(4));
  const targets = Int32Array.of(0, 7, 39);
  const histories = [Int32Array.of(1), Int32Array.of(2), new Int32Array()];
  const ranks = await ranker.ranks(values, new Float32Array(N * 16).fill(0.1), { histories, targets });
  assert.deepEqual([...ranks], [0, 7, 39]);
  await ranker.release();
});

test('an item that nobody meets twice has no rank for who has it, even where the model no longer sees it', async () => {
  const model = trainingModel(recommender, { kind: 'random' }, { batchSize: 1, length: 8, positions: 8 });
  const values = initialValues(model.parameters, createRandom(4));
  const own = Int32Array.of(0, 1, 2, 3, 4, 5, 30, 31, 32, 33);
  const next = { histories: [own, own], targets: Int32Array.of(7, 33) };
  const ranksWith = async (repeatable: Uint8Array) => {
    const ranker = await createRanker({ ...recommender, repeatable });
    const ranks = await ranker.ranks(values, new Float32Array(N * 16).fill(0.1), next);
    await ranker.release();
    return [...ranks];
  };
  assert.deepEqual(await ranksWith(new Uint8Array(N).fill(1)), [7, 33]);
  // Before item 7 is only item 6 that the user does not have; item 33 is the user's own: a sure miss.
  assert.deepEqual(await ranksWith(new Uint8Array(N)), [1, NOT_RANKED]);
  // Items 0 and 33 may be met again: 0 and 6 come before 7; before 33 come 0 and what the user does not have.
  const two = new Uint8Array(N);
  two[0] = 1;
  two[33] = 1;
  assert.deepEqual(await ranksWith(two), [2, 25]);
});

test('warm starts: a frozen table stays, an init table moves from where it was put, an adapter gives a table', async () => {
  const random = createRandom(8);
  const vectors = Float32Array.from({ length: N * 16 }, () => random.normal());
  const sequences = alternating(100, 1);
  const train = (table: ItemTable) =>
    trainRecommender(recommender, sequences, lastOf(sequences), { ...training, steps: 2, learningRate: 1e-3, table });
  const frozen = await train({ kind: 'frozen', vectors });
  assert.deepEqual(frozen.itemVectors, vectors);
  const init = await train({ kind: 'init', vectors });
  const moved = init.itemVectors.map((x, i) => Math.abs(x - vectors[i]));
  assert.ok(
    Math.max(...moved) > 0 && Math.max(...moved) < 0.02,
    `two steps of 0.001 moved it by ${Math.max(...moved)}`,
  );
  const features = vectors.subarray(0, N * 4);
  const adapted = await train({ kind: 'frozen+adapter', features, hidden: 8 });
  assert.equal(adapted.itemVectors.length, N * 16);
  assert.deepEqual(adapted.values.get('items.features')!.values, features);
});

test('dual: a residual beside the adapter tells apart items of equal features, within its bound; unseen items have none', async () => {
  // All items look alike, so that only residuals can learn to alternate; item 39 occurs in no sequence.
  const features = new Float32Array(N * 4).fill(1);
  const sequences = alternating(400, 1).map((sequence) => sequence.map((item) => item % (N - 1)));
  const seen = Float32Array.from({ length: N }, (_, item) => (item < N - 1 ? 1 : 0));
  const { values, itemVectors } = await trainRecommender(recommender, sequences, lastOf(sequences), {
    ...training,
    table: { kind: 'dual', features, hidden: 8, seen },
  });
  const largest = values.get(RESIDUAL)!.values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  assert.ok(largest > 0.01 && largest < 2 / RESIDUAL_DECAY, `largest entry ${largest}`);
  const row = (item: number) => itemVectors.subarray(item * 16, (item + 1) * 16);
  assert.notDeepEqual(row(0), row(1));
  assert.ok(
    row(N - 1).every((x, j) => Math.abs(x - (row(0)[j] - values.get(RESIDUAL)!.values[j])) < 1e-5),
    'the unseen item is where the adapter puts it',
  );
});

test('the same seed gives the same model to the bit, another seed another one', async () => {
  const sequences = alternating(100, 1);
  const train = (seed: number) =>
    trainRecommender(recommender, sequences, lastOf(sequences), {
      ...training,
      steps: 10,
      seed,
      table: { kind: 'random' },
    });
  const [first, again, other] = [await train(1), await train(1), await train(2)];
  assert.deepEqual(first.itemVectors, again.itemVectors);
  assert.notDeepEqual(first.itemVectors, other.itemVectors);
});
