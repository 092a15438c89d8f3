// A run is used again for the very same one, and for no other.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { keepRuns, type RankingProtocol } from '../../jobs/evaluation/kept-runs.ts';
import { PRESETS, samplesKey, trainingKey, type WorkInput, workKey } from '../../jobs/presets.ts';
import type { Run, RunName } from '../../src/evaluation/compare.ts';
import { silentProgress } from '../../src/progress.ts';
import { NOT_RANKED } from '../../src/recommenders/ranking.ts';
import { temporaryFolder } from '../support/stores.ts';

const FIRST: RunName = { model: 'sasrec', arm: 'text', mode: 'frozen', seed: 1 };
const PROTOCOL: RankingProtocol = { length: 10, candidates: undefined };

/** Each run that is computed is told apart by its ranks. */
async function keeper(context: TestContext) {
  const store = await temporaryFolder(context);
  let computed = 0;
  const once = (which: RunName, protocol: RankingProtocol, model = 'no-model'): Promise<Run> => {
    const folder = path.join(store, which.arm === 'tslrec' ? model : 'shared');
    mkdirSync(folder, { recursive: true });
    const work = { folder, seed: 1, progress: silentProgress, onStage: async () => {} };
    return keepRuns(() => work, protocol)(which, async () => {
      computed++;
      return {
        ...which,
        validation: Int32Array.of(computed, 0),
        test: Int32Array.of(NOT_RANKED, computed, 7),
        epochs: computed,
        seconds: 0.5,
        history: [{ epoch: 0, loss: 2.5, metric: 1 / 3, seconds: 0.25 }],
        validatedAmong: 5,
      };
    });
  };
  return { once, computed: () => computed };
}

test('the same run is read, as it was computed', async (context) => {
  const { once, computed } = await keeper(context);
  const first = await once(FIRST, PROTOCOL);
  assert.deepEqual(await once(FIRST, PROTOCOL), first);
  assert.equal(computed(), 1);
  assert.deepEqual([...first.validation], [1, 0]);
  assert.deepEqual([...first.test], [NOT_RANKED, 1, 7]);
  assert.deepEqual([first.epochs, first.seconds, first.validatedAmong], [1, 0.5, 5]);
  assert.deepEqual(first.history, [{ epoch: 0, loss: 2.5, metric: 1 / 3, seconds: 0.25 }]);
});

const OTHERS: readonly (readonly [string, Partial<RunName>, Partial<RankingProtocol>])[] = [
  ['model', { model: 'sasrec-bce' }, {}],
  ['arm', { arm: 'srs' }, {}],
  ['mode', { mode: 'frozen+residual' }, {}],
  ['seed', { seed: 2 }, {}],
  ['a seed of two digits', { seed: 11 }, {}],
  ['length', {}, { length: 20 }],
  ['sampled candidates', {}, { candidates: 100 }],
  ['more of them', {}, { candidates: 10 }],
];

test('a run that differs in one thing is computed', async (context) => {
  const { once, computed } = await keeper(context);
  await once(FIRST, PROTOCOL);
  for (const [i, [what, which, protocol]] of OTHERS.entries()) {
    const other = await once({ ...FIRST, ...which }, { ...PROTOCOL, ...protocol });
    assert.equal(computed(), 2 + i, what);
    assert.equal(other.validation[0], 2 + i, what);
  }
});

const WORK: WorkInput = {
  datasetHash: 'data',
  splitHash: 'split',
  preset: PRESETS.quick,
  seed: 1,
  srsHash: undefined,
};
const OTHER_WORK: readonly (readonly [string, Partial<WorkInput>])[] = [
  ['data', { datasetHash: 'other data' }],
  ['split', { splitHash: 'other split' }],
  ['preset', { preset: PRESETS.standard }],
  ['one setting of a preset', { preset: { ...PRESETS.quick, textFeatures: 127 } }],
  ['seed', { seed: 2 }],
  ['given item vectors', { srsHash: 'vectors' }],
];

test('other data, split, preset, seed or given vectors are other work', () => {
  for (const [what, other] of OTHER_WORK)
    assert.notEqual(workKey({ ...WORK, ...other }), workKey(WORK), what);
  assert.equal(workKey({ ...WORK }), workKey(WORK));
});

test('samples are other ones wherever the work before them is, and not for what comes after', () => {
  const after = 'one setting of a preset';
  for (const [what, other] of OTHER_WORK) {
    const isOther = samplesKey({ ...WORK, ...other }) !== samplesKey(WORK);
    assert.equal(isOther, what !== after, what);
  }
});

test('a training goes on from a checkpoint of the very same one', () => {
  const first = { datasetHash: 'data', model: 'sasrec', length: 10, preset: 'quick', seed: 1 } as const;
  const keys = [
    first,
    { ...first, datasetHash: 'other data' },
    { ...first, model: 'gru4rec' },
    { ...first, length: 20 },
    { ...first, preset: 'standard' as const },
    { ...first, seed: 2 },
  ].map(trainingKey);
  assert.equal(new Set(keys).size, keys.length);
});
