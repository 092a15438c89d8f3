// The parts that make a model what it is, each on planted data of which a model without that part learns
// little or nothing. What it reached without stands beside what is asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Split } from '../../src/interactions/dataset.ts';
import { gru } from '../../src/network/gru.ts';
import { buildModel, parameterFeeds, zeros } from '../../src/network/scope.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom, type Random } from '../../src/random.ts';
import type { DataProfile } from '../../src/recommenders/data-profile.ts';
import type { ItemTable } from '../../src/recommenders/item-table.ts';
import { rankingMetrics } from '../../src/recommenders/metrics.ts';
import { MODELS, type ModelName, trainModel } from '../../src/recommenders/models.ts';
import { rankInCatalogue } from '../../src/recommenders/ranking.ts';
import type { TrainingOptions } from '../../src/recommenders/recommender.ts';
import { gatherRows, matmul, swapLast } from '../../src/tensor/functions.ts';
import { createSession } from '../../src/tensor/session.ts';
import { categorySplit, lastOf, N, profile } from '../support/planted.ts';

/** Trained on `count` users, asked for 200 others. */
function plantedSplit(count: number, user: (random: Random) => Int32Array): Split {
  const users = (length: number, seed: string) => {
    const random = createRandom(seed);
    return Array.from({ length }, () => user(random));
  };
  const held = lastOf(users(200, 'held'));
  return { name: 'leave-one-out', train: users(count, 'train'), validation: held, test: held };
}

const repeated = (sequence: Int32Array, times: number) =>
  Int32Array.from({ length: times * sequence.length }, (_, i) => sequence[i % sequence.length]);

interface Trial extends Partial<DataProfile>, Pick<TrainingOptions, 'learningRate'> {
  readonly width?: number;
  readonly table?: ItemTable;
  /** One epoch where it is left out: then validation chooses nothing. */
  readonly steps?: number;
}

async function trained(
  name: ModelName,
  planted: Split,
  { width = 16, table = { kind: 'random' }, steps = 1, learningRate, ...data }: Trial,
) {
  const model = MODELS[name](profile(data), width);
  const { recommender, values } = await trainModel(model, planted, {
    ...{ batchSize: 64, positionsPerStep: 1_000, patience: 100, seed: 1, progress: silentProgress },
    ...{ table, steps, learningRate, name },
  });
  const ranks = await rankInCatalogue(recommender, model, planted.test);
  await recommender.release();
  return { values, metrics: rankingMetrics(ranks, [1, 4, 5, 6, 8]) };
}

/**
 * An interest has a left and a right side, the items 2i and 2i + 1. A lap has one item of every interest in
 * any order; what comes next is the first item of one lap more. Users keep their sides, half of them left and
 * half right, or change all of them with every lap.
 */
function lapsUser(random: Random, interests: number, laps: number, isChanging: boolean): Int32Array {
  const sides = random.shuffle(Array.from({ length: interests }, (_, i) => i % 2));
  const lap = (n: number) =>
    random.shuffle(sides.map((side, i) => 2 * i + (isChanging ? (side + n) % 2 : side)));
  const items = Array.from({ length: laps + 1 }, (_, n) => lap(n)).flat();
  return Int32Array.from(items.slice(0, laps * interests + 1));
}

/** Items behind those of the interests, which nobody takes. */
const OTHERS = 4;

/**
 * Where on a circle the interest is, and the side: kept, so that all laps of users who keep their sides sum
 * to (0, 0, 0).
 */
function lapsTable(interests: number): ItemTable {
  const vectors = Array.from({ length: 2 * interests }, (_, item) => {
    const angle = (2 * Math.PI * Math.floor(item / 2)) / interests;
    return [Math.cos(angle), Math.sin(angle), item % 2 === 0 ? -1 : 1];
  });
  return { kind: 'frozen', vectors: Float32Array.from([...vectors.flat(), ...new Float32Array(3 * OTHERS)]) };
}

const lapsTrial = (interests: number) => ({
  itemCount: 2 * interests + OTHERS,
  repeatable: new Uint8Array(2 * interests + OTHERS).fill(1),
  width: 3,
  table: lapsTable(interests),
});

test("din weighs the history by the candidate: its plain sum is everybody's", async () => {
  const users = plantedSplit(2_000, (random) => lapsUser(random, 6, 5, false));
  const { metrics } = await trained('din', users, { ...lapsTrial(6), length: 6, learningRate: 0.02 });
  assert.ok(metrics['hr@6'] > 0.9, `HR@6 ${metrics['hr@6']}`); // without: 0.45
});

test("dien lets the candidate's own interest evolve: its latest item tells, where all histories hold the same ones", async () => {
  const users = plantedSplit(3_500, (random) => lapsUser(random, 4, 7, true));
  const { metrics } = await trained('dien', users, { ...lapsTrial(4), length: 8, learningRate: 0.03 });
  assert.ok(metrics['hr@4'] > 0.8, `HR@4 ${metrics['hr@4']}`); // without: 0.61
});

test("dien's auxiliary loss: the state after an item is nearest to the item that follows", async () => {
  const follower = (item: number) => (item + 7) % N;
  const users = plantedSplit(10_000, (random) => {
    const sequence = Int32Array.of(random.integer(N), 0, 0, 0, 0);
    for (let i = 1; i < sequence.length; i++) sequence[i] = follower(sequence[i - 1]);
    return sequence;
  });
  const { values } = await trained('dien', users, { length: 4, learningRate: 0.02 });
  const { graph, outputs, parameters } = buildModel('inference', (scope) => {
    const table = scope.parameter('items.weight', [N, 16], zeros);
    const items = gatherRows(table, scope.graph.input('items', [N, 1], 'int32'));
    return { scores: matmul(gru(scope.within('scorer'), 'extraction', items, 16), swapLast(table)) };
  });
  const session = await createSession(graph, outputs);
  const items = Int32Array.from({ length: N }, (_, item) => item);
  const { scores } = await session.run({ ...parameterFeeds(parameters, values), items });
  await session.release();
  const right = items.filter((item) => {
    const row = scores.subarray(item * N, (item + 1) * N);
    return row.indexOf(Math.max(...row)) === follower(item);
  });
  assert.ok(right.length > 0.8 * N, `${right.length} of ${N}`); // without: 1
});

test('narm counts by its local encoder: the favourite, a quarter of a long history of noise, comes next', async () => {
  const L = 64;
  const users = plantedSplit(800, (random) => {
    const favourite = random.integer(N);
    const item = (i: number) => (i === L || random.next() < 0.25 ? favourite : random.integer(N));
    return Int32Array.from({ length: L + 1 }, (_, i) => item(i));
  });
  const { metrics } = await trained('narm', users, { length: L, steps: 120, learningRate: 0.01 });
  assert.ok(metrics['mrr@5'] > 0.6, `MRR@5 ${metrics['mrr@5']}`); // without: 0.39
});

test('narm goes by the last item through its global encoder: its counterpart comes next, whatever was before', async () => {
  const L = 32;
  const users = plantedSplit(800, (random) =>
    Int32Array.from(
      Array.from({ length: L / 2 }, () => random.integer(N / 2)).flatMap((item) => [item, item + N / 2]),
    ),
  );
  const { metrics } = await trained('narm', users, { length: L, steps: 100, learningRate: 0.01 });
  assert.ok(metrics['mrr@5'] > 0.7, `MRR@5 ${metrics['mrr@5']}`); // without: 0.32
});

test("ncf's layers: with one number a user and item, products rank in one order or its reverse, and categories are five", async () => {
  const { train, ...rest } = categorySplit();
  const users = { ...rest, train: train.map((sequence) => repeated(sequence, 130)) };
  const { metrics } = await trained('ncf', users, { userCount: 300, width: 1, learningRate: 0.03 });
  assert.ok(metrics['hr@8'] > 0.75, `HR@8 ${metrics['hr@8']}`); // without: 0.34
});

test("ncf's product: who likes which four items, with no rule in it, is learnt in a hundred steps", async () => {
  const random = createRandom('likes');
  const all = Array.from({ length: N }, (_, item) => item);
  const train = Array.from({ length: 200 }, () =>
    repeated(Int32Array.from(random.shuffle([...all]).slice(0, 4)), 130),
  );
  const liked = lastOf(train);
  const users: Split = { name: 'leave-one-out', train, validation: liked, test: liked };
  const { metrics } = await trained('ncf', users, { userCount: 200, learningRate: 0.01 });
  assert.ok(metrics['hr@4'] > 0.7, `HR@4 ${metrics['hr@4']}`); // without: 0.33
});
