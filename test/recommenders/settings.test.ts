// What models.ts settles for each recommender by the data, and where its dropout falls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildModel, initialValues, normal, parameterFeeds } from '../../src/network/scope.ts';
import { createRandom } from '../../src/random.ts';
import { MODELS, SEQUENCE_MODELS, type SequenceModelName } from '../../src/recommenders/models.ts';
import { trainingModel } from '../../src/recommenders/sequence-model.ts';
import type { ItemPrediction } from '../../src/recommenders/training/objective.ts';
import { sizeOf } from '../../src/tensor/graph.ts';
import { createSession } from '../../src/tensor/session.ts';
import { profile } from '../support/planted.ts';

const [dense, sparse] = [profile({ isDense: true }), profile({ isDense: false })];

test('each sequence model learns by its own loss, with no more negatives than the catalogue has', () => {
  const lossOf = (name: SequenceModelName, itemCount: number) =>
    (SEQUENCE_MODELS[name](profile({ itemCount }), 16).objective as ItemPrediction).criterion;
  const crossEntropy = { kind: 'cross-entropy' };
  for (const name of ['sasrec', 'gru4rec', 'bert4rec', 'narm', 'core'] as const)
    assert.deepEqual(lossOf(name, 1_000), crossEntropy);
  assert.deepEqual(lossOf('sasrec-bce', 1_000), { kind: 'bce', negatives: 1 });
  assert.deepEqual(lossOf('sasrec-gbce', 1_000), { kind: 'gbce', negatives: 256, calibration: 0.75 });
  assert.deepEqual(lossOf('gru4rec-bpr-max', 1_000), {
    ...{ kind: 'bpr-max', negatives: 512, regularisation: 1 },
  });
  assert.deepEqual(lossOf('gru4rec-bpr-max', 40), { kind: 'bpr-max', negatives: 39, regularisation: 1 });
});

test('BERT4Rec hides a fifth of dense histories and three fifths of sparse ones', () => {
  assert.deepEqual(
    [dense, sparse].map((data) => MODELS.bert4rec(data, 16).encoder.task),
    [{ maskedShare: 0.2 }, { maskedShare: 0.6 }],
  );
});

/**
 * Two rows of three positions, forty items, d = 4: how many numbers stand at each place of dropout, and the
 * share of them that is dropped.
 */
function dropoutOf(name: SequenceModelName, data: typeof dense): string[] {
  const shape = { buckets: [{ rows: 2, length: 3 }], positions: 6 };
  const { dropoutFeeds } = trainingModel(SEQUENCE_MODELS[name](data, 4), { kind: 'random' }, shape);
  const sites = Object.values(dropoutFeeds(createRandom(1)));
  return sites.map((mask) => `${mask.length} ${(1 - 1 / Math.max(...mask)).toFixed(2)}`);
}

// [2, 3, 4] embeddings; attention [2, heads, 3, 3] and its output; the inner layer and its output.
const block = (heads: number, feedForward: number, rate: string) =>
  [18 * heads, 24, 24 * feedForward, 24].map((size) => `${size} ${rate}`);

for (const [name, data, sites] of [
  ['sasrec', dense, ['24 0.20', ...block(1, 2, '0.20'), ...block(1, 2, '0.20')]],
  ['sasrec', sparse, ['24 0.50', ...block(1, 2, '0.50'), ...block(1, 2, '0.50')]],
  ['gru4rec', dense, ['24 0.20']],
  ['gru4rec', sparse, ['24 0.50']],
  ['narm', dense, ['24 0.25', '48 0.50']],
] as const) {
  const density = data.isDense ? 'dense' : 'sparse';
  test(`${name} on ${density} data drops ${sites.join(', ')}`, () => {
    assert.deepEqual(dropoutOf(name, data), [...sites]);
  });
}

test('BERT4Rec has no dropout of the inner layer, CORE one of the items that are summed and compared', () => {
  const bert = ['36 0.20', '24 0.20', '24 0.20'];
  assert.deepEqual(dropoutOf('bert4rec', dense), ['24 0.20', ...bert, ...bert]);
  const transformer = ['24 0.20', ...block(2, 4, '0.20'), ...block(2, 4, '0.20')];
  assert.deepEqual(dropoutOf('core', dense), [...transformer, '24 0.20', '160 0.20']);
});

for (const name of ['sasrec', 'bert4rec'] as const) {
  test(`${name}: what is dropped is what a sublayer gives; what it was given goes past it`, async () => {
    const { graph, outputs, parameters } = buildModel('training', (scope) => {
      const items = scope.graph.input('items', [2, 3], 'int32');
      const table = scope.parameter('table', [dense.itemCount, 4], normal(1));
      return { hidden: SEQUENCE_MODELS[name](dense, 4).encoder.hidden(scope, items, table, 3) };
    });
    // All is dropped but the embeddings, the first place.
    const masks = graph.inputs.filter((input) => input.name.startsWith('dropout.'));
    const feeds = masks.map((mask, i) => [
      mask.name,
      new Float32Array(sizeOf(mask.shape)).fill(i === 0 ? 1 : 0),
    ]);
    const session = await createSession(graph, outputs);
    const { hidden } = await session.run({
      ...parameterFeeds(parameters, initialValues(parameters, createRandom(1))),
      ...Object.fromEntries(feeds),
      items: Int32Array.of(1, 2, 3, 1, 5, 3),
    });
    await session.release();
    const apart = (position: number) => {
      const state = (row: number) => hidden.subarray(4 * (3 * row + position), 4 * (3 * row + position + 1));
      return Math.max(...state(0).map((x, j) => Math.abs(x - state(1)[j])));
    };
    assert.deepEqual([apart(0) < 1e-6, apart(1) > 0.1, apart(2) < 1e-6], [true, true, true]);
  });
}
