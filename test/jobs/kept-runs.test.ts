// A run is used again for the very same one, and for no other.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { keepRuns } from '../../jobs/evaluation/kept-runs.ts';
import type { Learning } from '../../jobs/experiment.ts';
import { PRESETS } from '../../jobs/presets.ts';
import type { EvaluationRun, RunName } from '../../src/evaluation/compare.ts';
import { NOT_RANKED } from '../../src/recommenders/ranking.ts';
import { alternating, N } from '../support/planted.ts';
import { dataOf, learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';

const FIRST: RunName = { model: 'sasrec', arm: 'text', mode: 'frozen', seed: 1 };

/** What the same run gives other ranks by. */
interface Around {
  readonly learning?: (learning: Learning) => Partial<Learning>;
  readonly candidates?: number;
  /** What the arm's vectors are of. */
  readonly start?: string;
}

/** Each run that is computed is told apart by its ranks. */
async function keeper(context: TestContext) {
  const learning = learningOn(await temporaryFolder(context), dataOf(alternating(9, 1), N));
  let computed = 0;
  const once = (which: RunName, around: Around = {}): Promise<EvaluationRun> => {
    const { candidates, start = 'stage' } = around;
    const changed = { ...learning, ...around.learning?.(learning) };
    const arm = { name: which.arm as 'text', vectors: new Float32Array(), key: start };
    return keepRuns(
      changed,
      [arm],
      candidates,
    )(which, async () => {
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
  const first = await once(FIRST);
  assert.deepEqual(await once(FIRST), first);
  assert.equal(computed(), 1);
  assert.deepEqual([...first.validation], [1, 0]);
  assert.deepEqual([...first.test], [NOT_RANKED, 1, 7]);
  assert.deepEqual([first.epochs, first.seconds, first.validatedAmong], [1, 0.5, 5]);
  assert.deepEqual(first.history, [{ epoch: 0, loss: 2.5, metric: 1 / 3, seconds: 0.25 }]);
});

const OTHERS: readonly (readonly [string, Partial<RunName>, Around])[] = [
  ['model', { model: 'sasrec-bce' }, {}],
  ['arm', { arm: 'srs' }, {}],
  ['mode', { mode: 'frozen+residual' }, {}],
  ['seed', { seed: 2 }, {}],
  ['a seed of two digits', { seed: 11 }, {}],
  ['length', {}, { learning: ({ profile }) => ({ profile: { ...profile, length: 20 } }) }],
  ['preset', {}, { learning: () => ({ preset: PRESETS.standard }) }],
  ['split', {}, { learning: ({ hashes }) => ({ hashes: { ...hashes, split: 'another' } }) }],
  ['vectors to start from', {}, { start: 'another stage' }],
  ['sampled candidates', {}, { candidates: 100 }],
  ['more of them', {}, { candidates: 10 }],
];

test('a run that differs in one thing is computed', async (context) => {
  const { once, computed } = await keeper(context);
  await once(FIRST);
  for (const [i, [what, which, around]] of OTHERS.entries()) {
    const other = await once({ ...FIRST, ...which }, around);
    assert.equal(computed(), 2 + i, what);
    assert.equal(other.validation[0], 2 + i, what);
  }
});
