// What all models that read histories share: what a position may see, how item tables start, that seeds
// decide.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialValues, parameterFeeds } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { bert4rec } from '../../src/recommenders/bert4rec.ts';
import { core } from '../../src/recommenders/core.ts';
import type { Encoder } from '../../src/recommenders/encoder.ts';
import { gru4rec } from '../../src/recommenders/gru4rec.ts';
import { historyTrust, RESIDUAL } from '../../src/recommenders/item-table.ts';
import { narm } from '../../src/recommenders/narm.ts';
import type { TrainingOptions } from '../../src/recommenders/recommender.ts';
import { sasrec } from '../../src/recommenders/sasrec.ts';
import { sequenceModel, trainingModel } from '../../src/recommenders/sequence-model.ts';
import { type BatchShape, fillBatch, nextItemWindows } from '../../src/recommenders/training/batches.ts';
import { maskedWindows, paddingToken } from '../../src/recommenders/training/masked-windows.ts';
import { itemPrediction, type Objective } from '../../src/recommenders/training/objective.ts';
import { createSession } from '../../src/tensor/session.ts';
import { alternating, N } from '../support/planted.ts';

const encoder = sasrec({ blocks: 2, heads: 1, feedForward: 1, dropout: 0.2 });
const crossEntropy = itemPrediction({ kind: 'cross-entropy' });
const modelOf = (encoder: Encoder, objective: Objective = crossEntropy) =>
  sequenceModel({
    ...{ encoder, objective, itemCount: N, width: 16, length: 8 },
    repeatable: new Uint8Array(N).fill(1),
  });
const model = modelOf(encoder);

const training: Omit<TrainingOptions, 'table'> = {
  batchSize: 64,
  positionsPerStep: 1_000,
  stopping: { kind: 'epochs', epochs: 5 },
  learningRate: 5e-3,
  seed: 1,
  progress: silentProgress,
  name: 'test',
};

async function trained(sequences: readonly Int32Array[], options: TrainingOptions) {
  const result = await model.train(sequences, options);
  await result.recommender.release();
  return result;
}

test('a position sees itself and what was before it, never what comes after', async () => {
  const shape: BatchShape = { buckets: [{ rows: 1, length: 8 }], positions: 8 };
  const graph = trainingModel(model, { kind: 'random' }, shape);
  const session = await createSession(graph.graph, graph.outputs);
  const sequence = Int32Array.of(3, 1, 4, 15, 9, 2, 6, 5, 35);
  const batch = fillBatch(
    nextItemWindows([sequence], 8).map((window) => window.row(createRandom(1))),
    shape,
  );
  const lossOfThirdPosition = async (items: Int32Array) => {
    const { loss } = await session.run({
      ...parameterFeeds(graph.parameters, initialValues(graph.parameters, createRandom(4))),
      ...graph.dropoutFeeds(createRandom(2)),
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

const WITHOUT_DROPOUT: Readonly<Record<string, Encoder>> = {
  sasrec: sasrec({ blocks: 2, heads: 1, feedForward: 1, dropout: 0 }),
  gru4rec: gru4rec({ layers: 2, hidden: 12, dropout: 0 }),
  bert4rec: bert4rec({ blocks: 1, heads: 2, feedForward: 2, dropout: 0, maskedShare: 0.4 }),
  narm: narm({ embeddingDropout: 0, stateDropout: 0 }),
  core: core({ blocks: 1, heads: 1, feedForward: 1, dropout: 0, itemDropout: 0, temperature: 0.1 }),
};

for (const [name, plain] of Object.entries(WITHOUT_DROPOUT)) {
  test(`${name} in rows of two lengths: the same loss and the same step as in rows of one`, async () => {
    const sequences = [
      Int32Array.of(5, 9, 2, 6, 5, 35, 8, 9, 7),
      Int32Array.of(3, 1, 4),
      Int32Array.of(9, 3),
    ];
    const masked = plain.task !== 'next item';
    const random = createRandom(1);
    const rows = (masked ? maskedWindows(sequences, 8, 0.4, N) : nextItemWindows(sequences, 8))
      .map((window) => window.row(random))
      .sort((one, other) => other.items.length - one.items.length);
    const stepIn = async (buckets: BatchShape['buckets']) => {
      const shape = { buckets, positions: 12 };
      const graph = trainingModel(modelOf(plain), { kind: 'random' }, shape);
      const trainer = await createTrainer([graph], initialValues(graph.parameters, createRandom(4)), {
        seed: 1,
      });
      const loss = await trainer.step(fillBatch(rows, shape, masked ? paddingToken(N) : 0), 1e-3);
      const moments = trainer.state(); // after one step a tenth of the gradients
      await trainer.release();
      return { loss, gradients: [...moments].filter(([key]) => key.endsWith(':m')) };
    };
    const long = rows.filter(({ items }) => items.length > 3).length;
    const whole = await stepIn([{ rows: rows.length, length: 8 }]);
    const parts = await stepIn([
      { rows: long, length: 8 },
      { rows: rows.length - long, length: 3 },
    ]);
    assert.ok(Math.abs(whole.loss - parts.loss) < 1e-5, `${whole.loss} and ${parts.loss}`);
    assert.equal(parts.gradients.length, whole.gradients.length, 'both lengths share all parameters');
    whole.gradients.forEach(([parameter, { values }], i) => {
      const largest = Math.max(...values.map(Math.abs));
      values.forEach((x, j) => {
        assert.ok(Math.abs(x - parts.gradients[i][1].values[j]) < 1e-7 + 1e-4 * largest, `${parameter} ${j}`);
      });
    });
  });
}

test('an item is trusted with n / (n + 20) of its residual after n interactions', () => {
  const sequences = [Int32Array.of(0, 0, 1, 0, 0, 0), Int32Array.from({ length: 20 }, () => 2)];
  assert.deepEqual([...historyTrust(sequences, 4)], [5 / 25, 1 / 21, 1 / 2, 0].map(Math.fround));
});

test('dual: a residual tells apart items of equal features; unseen items have none', async () => {
  // All items look alike, so that only residuals can learn to alternate; item 39 occurs in no sequence.
  const features = new Float32Array(N * 4).fill(1);
  const sequences = alternating(100, 1).map((sequence) => sequence.map((item) => item % (N - 1)));
  const trust = historyTrust(sequences, N);
  const { values, itemVectors } = await trained(sequences, {
    ...training,
    table: { kind: 'dual', features, hidden: 8, trust },
  });
  const row = (item: number) => itemVectors.subarray(item * 16, (item + 1) * 16);
  assert.notDeepEqual(row(0), row(1));
  assert.ok(
    row(N - 1).every((x, j) => Math.abs(x - (row(0)[j] - trust[0] * values.get(RESIDUAL)!.values[j])) < 1e-5),
    'the unseen item is where the adapter puts it',
  );
});

test('the same seed gives the same model to the bit, another seed another one', async () => {
  const sequences = alternating(100, 1);
  const train = (seed: number) =>
    trained(sequences, {
      ...training,
      seed,
      table: { kind: 'random' },
    });
  const [first, again, other] = [await train(1), await train(1), await train(2)];
  assert.deepEqual(first.itemVectors, again.itemVectors);
  assert.notDeepEqual(first.itemVectors, other.itemVectors);
});

const settled = {
  'negatives of bce': modelOf(WITHOUT_DROPOUT.sasrec, itemPrediction({ kind: 'bce', negatives: 1 })),
  'masks of BERT4Rec': modelOf(WITHOUT_DROPOUT.bert4rec),
};
for (const [what, own] of Object.entries(settled)) {
  test(`each epoch draws the ${what} anew: what has learnt nothing has another loss`, async () => {
    const sequences = alternating(30, 1);
    const { recommender, history } = await own.train(sequences, {
      ...{ ...training, stopping: { kind: 'epochs', epochs: 3 }, batchSize: 30, learningRate: 0 },
      table: { kind: 'random' },
    });
    await recommender.release();
    assert.equal(new Set(history.map(({ loss }) => loss)).size, history.length);
    assert.ok(history.length > 1);
  });
}

test('weight decay pulls on what is learnt', async () => {
  const sequences = alternating(30, 1);
  const lengthWith = async (weightDecay: number) => {
    const { itemVectors } = await trained(sequences, { ...training, weightDecay, table: { kind: 'random' } });
    return Math.hypot(...itemVectors);
  };
  assert.ok((await lengthWith(50)) < 0.9 * (await lengthWith(0)));
});
