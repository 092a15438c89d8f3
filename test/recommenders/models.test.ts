// Every recommender on planted data that a broken one (no order, a leaking mask, a shifted target, a deaf
// history) could not learn.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Split } from '../../src/interactions/dataset.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { positionsAt } from '../../src/network/layers.ts';
import { buildModel, initialValues, parameterFeeds } from '../../src/network/scope.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { type RankingMetrics, rankingMetrics } from '../../src/recommenders/metrics.ts';
import { MODELS, type ModelName, trainModel } from '../../src/recommenders/models.ts';
import { rankInCatalogue } from '../../src/recommenders/ranking.ts';
import { createSession } from '../../src/tensor/session.ts';
import { alternatingSplit, CATEGORY_SIZE, categorySplit, N, profile } from '../support/planted.ts';

async function metricsOf(
  name: ModelName,
  split: Split,
  userCount: number,
  steps: number,
): Promise<RankingMetrics> {
  const model = MODELS[name](profile({ userCount }), 16);
  const { recommender } = await trainModel(model, split, {
    batchSize: 64,
    positionsPerStep: 1_000,
    steps,
    patience: 100,
    learningRate: 5e-3,
    table: { kind: 'random' },
    seed: 1,
    progress: silentProgress,
    name,
  });
  const metrics = rankingMetrics(await rankInCatalogue(recommender, model, split.test), [
    1,
    5,
    CATEGORY_SIZE,
  ]);
  await recommender.release();
  return metrics;
}

/**
 * Steps in which a model learns that the item before the last comes next. False for those that order tells
 * nothing, or no more than what is recent, and for DIEN, which does not get there in 600 (0.76):
 * model-parts.test.ts has its order.
 */
const ORDERED = {
  sasrec: 300,
  'sasrec-bce': 600,
  'sasrec-gbce': 600,
  gru4rec: 600,
  'gru4rec-bpr-max': 600,
  bert4rec: 600,
  narm: 400,
  core: 600,
  dien: false,
  din: false,
  ncf: false,
  'item-knn': false,
  popular: false,
} satisfies Record<ModelName, number | false>;

// Knowing the two items, but not their order, gives an MRR of 0.75.
const alternation = alternatingSplit();
for (const [name, steps] of Object.entries(ORDERED) as [ModelName, number | false][]) {
  if (steps === false) continue;
  test(`${name} learns to alternate: the item before the last comes next, for pairs that it never saw`, async () => {
    const metrics = await metricsOf(name, alternation, 800, steps);
    assert.ok(metrics['mrr@5'] > 0.9, `MRR@5 ${metrics['mrr@5']}`);
  });
}

test('nobody who alternates in training does so between a pair of items that is asked for', () => {
  const pairOf = (sequence: Int32Array) => [...new Set(sequence)].sort((a, b) => a - b).join();
  const seen = new Set(alternation.train.map(pairOf));
  assert.deepEqual(
    alternation.test.histories.map(pairOf).filter((pair) => seen.has(pair)),
    [],
  );
});

// A user stays inside eight items of forty: guessing puts the right one among the first eight for a fifth of
// the users.
const categories = categorySplit();
for (const [name, steps] of [
  ['ncf', 100],
  ['din', 100],
  ['dien', 100],
  ['item-knn', 0],
] as const) {
  test(`${name} learns that a user stays inside a category`, async () => {
    const metrics = await metricsOf(name, categories, 300, steps);
    assert.ok(metrics['hr@8'] > 0.9, `HR@8 ${metrics['hr@8']}`);
  });
}

for (const name of ['ncf', 'din', 'dien'] as const) {
  test(`${name} trains where one user has nearly all items and another far more interactions than there are items`, async () => {
    const everything = Int32Array.from({ length: N - 1 }, (_, i) => i);
    const heavy = Int32Array.from({ length: 70 }, (_, i) => i % 10);
    const metrics = await metricsOf(name, leaveOneOut([...categories.train, everything, heavy]), 302, 20);
    assert.ok(metrics['hr@8'] > 0);
  });
}

for (const name of ['sasrec', 'narm'] as const) {
  test(`${name}'s last hidden states alone are those among all`, async () => {
    const model = MODELS[name](profile(), 16);
    assert.ok(model.kind === 'sequence');
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
  const options = {} as Parameters<typeof trainModel>[2];
  const { recommender } = await trainModel(
    model,
    { name: 'time', train, validation: next, test: next },
    options,
  );
  assert.deepEqual([...(await rankInCatalogue(recommender, model, next))], [0, 2]);
});

test('item-knn: cosine over users, shrunk, recent items first', async () => {
  // Items 0 and 1 share two users of two and three; 0 and 2 share one.
  const train = [Int32Array.of(0, 1), Int32Array.of(0, 1, 2), Int32Array.of(1)];
  const { recommender } = await trainModel(
    MODELS['item-knn'](profile(), 16),
    {
      name: 'time',
      train,
      validation: { users: new Int32Array(), histories: [], targets: new Int32Array() },
      test: { users: new Int32Array(), histories: [], targets: new Int32Array() },
    },
    {} as Parameters<typeof trainModel>[2],
  );
  const scores = await recommender.score({ users: Int32Array.of(0), histories: [Int32Array.of(2, 0)] });
  const cosine = (shared: number, a: number, b: number) => shared / (Math.sqrt(a * b) + 10);
  const close = (got: number, wanted: number) =>
    assert.ok(Math.abs(got - wanted) < 1e-6, `${got}, wanted ${wanted}`);
  close(scores[1], cosine(2, 2, 3) + 0.8 * cosine(1, 1, 3));
  close(scores[2], cosine(1, 2, 1));
});
