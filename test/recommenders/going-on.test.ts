// A training of so many epochs, without validation, and one that goes on from an earlier one's values.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Progress, silentProgress } from '../../src/progress.ts';
import { historyTrust, RESIDUAL } from '../../src/recommenders/item-table.ts';
import { MODELS } from '../../src/recommenders/models.ts';
import type { TrainingOptions } from '../../src/recommenders/recommender.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';

const d = 16;
const sequences = alternating(100, 1);
const training: Omit<TrainingOptions, 'stopping'> = {
  ...{ table: { kind: 'random' }, batchSize: 20, positionsPerStep: 1_000, learningRate: 5e-3, seed: 1 },
  ...{ progress: silentProgress, name: 'test' },
};
const epochs = (count: number) => ({ stopping: { kind: 'epochs', epochs: count } }) as const;

async function trained(name: 'sasrec' | 'bert4rec' | 'ncf', options: TrainingOptions) {
  const result = await MODELS[name](profile({ userCount: 100 }), d).train(sequences, options);
  await result.recommender.release();
  return result;
}

/** What a training tells of its steps. */
function counted(): { readonly progress: Progress; readonly steps: { total: number; done: number } } {
  const steps = { total: 0, done: 0 };
  const progress: Progress = {
    ...silentProgress,
    start: (_, total = 0) => {
      steps.total = total;
      return { advance: (count) => (steps.done += count), done: () => {} };
    },
  };
  return { progress, steps };
}

// 100 histories of 7: windows in batches of 20; 700 interactions in batches of 256 or 1024.
for (const [name, perEpoch] of [
  ['sasrec', 5],
  ['ncf', 1],
] as const) {
  test(`${name}: three epochs are ${3 * perEpoch} steps, and the last one's values come out`, async () => {
    const { progress, steps } = counted();
    const fixed = await trained(name, { ...training, ...epochs(3), progress });
    assert.deepEqual(steps, { total: 3 * perEpoch, done: 3 * perEpoch });
    assert.deepEqual(
      fixed.history.map(({ metric }) => metric),
      [undefined, undefined, undefined],
    );
    assert.equal(fixed.bestEpoch, 2);
    assert.equal(fixed.validatedAmong, undefined);
    const early = await trained(name, {
      ...training,
      stopping: { kind: 'early', validation: lastOf(sequences), steps: 3 * perEpoch, patience: 3 },
    });
    const losses = ({ history }: typeof fixed) => history.map(({ loss }) => loss);
    assert.deepEqual(losses(early), losses(fixed), 'validation changes no step');
    if (early.bestEpoch === 2) assert.deepEqual(early.values, fixed.values);
  });

  test(`${name}: going on from two epochs is better than one fresh epoch`, async () => {
    const { values: start } = await trained(name, { ...training, ...epochs(2) });
    const fresh = await trained(name, { ...training, ...epochs(1) });
    const on = await trained(name, { ...training, ...epochs(1), start });
    assert.ok(on.history[0].loss < fresh.history[0].loss);
    const still = await trained(name, { ...training, ...epochs(1), learningRate: 0, start });
    assert.deepEqual(still.values, start);
  });
}

test('what is not among the values starts fresh, what does not learn is what the table says', async () => {
  const vectors = (scale: number) => Float32Array.from({ length: N * d }, (_, i) => scale * Math.sin(i));
  const table = (scale: number) =>
    ({ kind: 'frozen+residual', vectors: vectors(scale), trust: historyTrust(sequences, N) }) as const;
  const { values } = await trained('sasrec', { ...training, ...epochs(1), table: table(1) });
  const none = { ...training, ...epochs(0), table: table(2) };
  const fresh = await trained('sasrec', none);
  const residualAlone = new Map([[RESIDUAL, values.get(RESIDUAL)!]]);
  const { values: partly } = await trained('sasrec', { ...none, start: residualAlone });
  assert.deepEqual(partly, new Map([...fresh.values, ...residualAlone]));
  const { values: all } = await trained('sasrec', { ...none, start: values });
  assert.deepEqual(all, new Map([...values, ['items.vectors', fresh.values.get('items.vectors')!]]));
});

test('values of another shape, or of no parameter, are refused', async () => {
  const start = new Map([['items.weight', { shape: [2, d], values: new Float32Array(2 * d) }]]);
  await assert.rejects(
    trained('sasrec', { ...training, ...epochs(1), start }),
    /^Error: internal: got \[2,16\] to start items\.weight from, which is \[40,16\]$/,
  );
  const table = { kind: 'frozen', vectors: new Float32Array(N * d) } as const;
  await assert.rejects(
    trained('sasrec', { ...training, ...epochs(1), table, start }),
    /^Error: internal: got \[2,16\] to start items\.weight from, which is no parameter of this model$/,
  );
});
