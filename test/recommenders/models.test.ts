// Every recommender on planted data, at a figure that one without what it is made of, with targets or
// negatives of another place, or deaf to order, history or user does not reach. What such a one reaches
// stands beside what is asked. That each computes what it says is referee.test.ts's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Split } from '../../src/interactions/dataset.ts';
import { positionsAt } from '../../src/network/layers.ts';
import { buildModel, initialValues, parameterFeeds } from '../../src/network/scope.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom, type Random } from '../../src/random.ts';
import type { DataProfile } from '../../src/recommenders/data-profile.ts';
import { itemKnn } from '../../src/recommenders/item-knn.ts';
import type { ItemTable } from '../../src/recommenders/item-table.ts';
import { rankingMetrics } from '../../src/recommenders/metrics.ts';
import {
  MODELS,
  type ModelName,
  SEQUENCE_MODEL_NAMES,
  type SequenceModelName,
} from '../../src/recommenders/models.ts';
import { rankInCatalogue } from '../../src/recommenders/ranking.ts';
import type { TrainingOptions } from '../../src/recommenders/recommender.ts';
import { configureExecution, createSession } from '../../src/tensor/session.ts';
import { alternatingSplit, CATEGORY_SIZE, categorySplit, lastOf, N, profile } from '../support/planted.ts';

// Graphs as small as these are not worth a second thread.
configureExecution({ provider: 'cpu', threads: 1 });

const BATCH_SIZE = 64;

interface Trial extends Partial<DataProfile>, Pick<TrainingOptions, 'learningRate'> {
  readonly width?: number;
  readonly table?: ItemTable;
}

/** Trained for one epoch. */
async function metricsOf(
  name: ModelName,
  split: Split,
  { width = 16, table = { kind: 'random' }, learningRate, ...data }: Trial,
) {
  const model = MODELS[name](profile({ userCount: split.train.length, ...data }), width);
  const { recommender } = await model.train(split.train, {
    ...{ batchSize: BATCH_SIZE, positionsPerStep: 1_000, seed: 1 },
    stopping: { kind: 'epochs', epochs: 1 },
    ...{ table, learningRate, progress: silentProgress, name },
  });
  const ranks = await rankInCatalogue(recommender, model, split.test);
  await recommender.release();
  return rankingMetrics(ranks, [4, 5, 6, CATEGORY_SIZE]);
}

/** The users once more, and again. */
const copies = (count: number, { train, ...split }: Split): Split => ({
  ...split,
  train: Array<readonly Int32Array[]>(count).fill(train).flat(),
});
const repeated = (sequence: Int32Array, count: number) =>
  Int32Array.from({ length: count * sequence.length }, (_, i) => sequence[i % sequence.length]);

/** How many steps each is given, and at which learning rate: enough for several seeds. */
const ALTERNATING = {
  sasrec: [80, 0.02],
  'sasrec-bce': [150, 0.02],
  'sasrec-gbce': [80, 0.02],
  gru4rec: [150, 0.02],
  'gru4rec-bpr-max': [200, 0.02],
  bert4rec: [60, 0.02],
  narm: [200, 0.02],
  core: [200, 0.03],
} as const satisfies Record<SequenceModelName, readonly [steps: number, learningRate: number]>;

for (const name of SEQUENCE_MODEL_NAMES) {
  test(`${name} learns to alternate: the item before the last comes next, for unseen pairs too`, async () => {
    const [steps, learningRate] = ALTERNATING[name];
    const metrics = await metricsOf(name, alternatingSplit(steps * BATCH_SIZE), { learningRate });
    // Knowing the two items, but not their order: 0.75.
    assert.ok(metrics['mrr@5'] > 0.85, `MRR@5 ${metrics['mrr@5']}`);
  });
}

test('nobody who alternates in training does so between a pair of items that is asked for', () => {
  const alternation = alternatingSplit(1_000);
  const pairOf = (sequence: Int32Array) => [...new Set(sequence)].sort((a, b) => a - b).join();
  const seen = new Set(alternation.train.map(pairOf));
  assert.deepEqual(
    alternation.test.histories.map(pairOf).filter((pair) => seen.has(pair)),
    [],
  );
});

const categories = categorySplit();
for (const [name, split] of [
  // A user is known by row alone: each has more interactions, not each row more users.
  ['ncf', { ...categories, train: categories.train.map((sequence) => repeated(sequence, 60)) }],
  ['din', copies(10, categories)],
  ['item-knn', categories],
] as const) {
  test(`${name} learns that a user stays inside a category`, async () => {
    const metrics = await metricsOf(name, split, { learningRate: 0.02 });
    // Guessing: a fifth.
    assert.ok(metrics['hr@8'] > 0.9, `HR@8 ${metrics['hr@8']}`);
  });
}

test('ncf learns who likes which four items, with no rule in it', async () => {
  const random = createRandom('likes');
  const all = Array.from({ length: N }, (_, item) => item);
  const train = Array.from({ length: 200 }, () =>
    repeated(Int32Array.from(random.shuffle([...all]).slice(0, 4)), 130),
  );
  const liked = lastOf(train);
  const split: Split = { name: 'leave-one-out', train, validation: liked, test: liked };
  const metrics = await metricsOf('ncf', split, { learningRate: 0.01 });
  assert.ok(metrics['hr@4'] > 0.7, `HR@4 ${metrics['hr@4']}`); // without the product: 0.33
});

/** Trained on `count` users, asked for 200 others. */
function plantedSplit(count: number, user: (random: Random) => Int32Array): Split {
  const users = (length: number, seed: string) => {
    const random = createRandom(seed);
    return Array.from({ length }, () => user(random));
  };
  const held = lastOf(users(200, 'held'));
  return { name: 'leave-one-out', train: users(count, 'train'), validation: held, test: held };
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
  const metrics = await metricsOf('din', users, { ...lapsTrial(6), length: 6, learningRate: 0.02 });
  assert.ok(metrics['hr@6'] > 0.9, `HR@6 ${metrics['hr@6']}`); // without: 0.45
});

test("dien lets the candidate's own interest evolve: of equal histories its latest item tells", async () => {
  const users = plantedSplit(3_500, (random) => lapsUser(random, 4, 7, true));
  const metrics = await metricsOf('dien', users, { ...lapsTrial(4), length: 8, learningRate: 0.03 });
  assert.ok(metrics['hr@4'] > 0.8, `HR@4 ${metrics['hr@4']}`); // without: 0.61
});

for (const name of ['sasrec', 'narm'] as const) {
  test(`${name}'s last hidden states alone are those among all`, async () => {
    const model = MODELS[name](profile(), 16);
    const { hidden, lastHidden } = model.encoder;
    const random = createRandom(name);
    const feeds = {
      items: Int32Array.from({ length: 16 }, () => random.integer(N)),
      last: Int32Array.of(7, 4),
      table: Float32Array.from({ length: N * 16 }, () => random.normal()),
    };
    const run = async (states: NonNullable<typeof lastHidden>) => {
      const { graph, outputs, parameters } = buildModel('inference', (scope) => {
        const items = scope.graph.input('items', [2, 8], 'int32');
        const last = scope.graph.input('last', [2], 'int32');
        return { states: states(scope, items, scope.graph.input('table', [N, 16]), 8, last) };
      });
      const session = await createSession(graph, outputs);
      const values = initialValues(parameters, createRandom('values'));
      const result = await session.run({ ...parameterFeeds(parameters, values), ...feeds });
      await session.release();
      return result.states;
    };
    const alone = await run(lastHidden!);
    const amongAll = await run((scope, items, table, L, last) =>
      positionsAt(hidden(scope, items, table, L), last),
    );
    const error = alone.reduce((most, value, i) => Math.max(most, Math.abs(value - amongAll[i])), 0);
    assert.ok(error < 1e-5, `they differ by ${error}`);
    assert.ok(amongAll.every((value) => Math.abs(value) > 0));
  });
}

test('popular ranks by how often training has an item', async () => {
  const train = [Int32Array.of(3, 3, 3, 5, 5), Int32Array.of(5, 5, 7)];
  const next = { users: Int32Array.of(0, 1), histories: train, targets: Int32Array.of(5, 7) };
  const model = MODELS.popular(profile(), 16);
  const { recommender } = await model.train(train, {} as TrainingOptions);
  assert.deepEqual([...(await rankInCatalogue(recommender, model, next))], [0, 2]);
});

test('item-knn: shrunk cosine over common users; recent items count more, no item for itself', async () => {
  // Items 0 and 1 share two users of two and three; 0 and 2 share one, 1 and 2 one; twice is not more than
  // once.
  const train = [Int32Array.of(0, 1, 0), Int32Array.of(0, 1, 2), Int32Array.of(1)];
  const scoresWith = async (neighbors: number, histories: readonly Int32Array[]) => {
    const recommender = itemKnn(train, 4, { neighbors, shrinkage: 10, decay: 0.8 });
    const users = Int32Array.from(histories.keys());
    return [...(await recommender.score({ users, histories }))];
  };
  const cosine = (shared: number, a: number, b: number) => Math.fround(shared / (Math.sqrt(a * b) + 10));
  const [of01, of02, of12] = [cosine(2, 2, 3), cosine(1, 2, 1), cosine(1, 3, 1)];
  const close = (got: readonly number[], wanted: readonly number[]) =>
    wanted.forEach((x, i) => {
      assert.ok(Math.abs(got[i] - x) < 1e-6, `${i}: ${got}, by hand ${wanted}`);
    });
  const histories = [Int32Array.of(2, 0), Int32Array.of(0, 2)];
  close(await scoresWith(100, histories), [
    ...[0.8 * of02, of01 + 0.8 * of12, of02, 0],
    ...[of02, 0.8 * of01 + of12, 0.8 * of02, 0],
  ]);
  const { recommender: inUse } = await MODELS['item-knn'](profile({ itemCount: 4 }), 16).train(
    train,
    {} as TrainingOptions,
  );
  const queries = { users: Int32Array.of(0, 1), histories };
  close([...(await inUse.score(queries))], await scoresWith(100, histories));
  // Item 1 is the nearest of item 0, and item 0 the nearest of item 2.
  close(await scoresWith(1, histories), [0.8 * of02, of01, 0, 0, of02, 0.8 * of01, 0, 0]);
});
