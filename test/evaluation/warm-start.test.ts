// The summary of a comparison, from runs made by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarise, type WarmStartRun } from '../../src/evaluation/warm-start.ts';
import type { RankingMetrics } from '../../src/recommenders/metrics.ts';

const metrics = (ndcg: number) => ({ 'ndcg@10': ndcg, 'hr@10': 2 * ndcg, 'mrr@10': ndcg / 2 }) as RankingMetrics;

/** A run whose epochs take a second each and reach these validation figures; the last is the best. */
function run(
  arm: string,
  mode: WarmStartRun['mode'],
  seed: number,
  validation: readonly number[],
  test: number,
): WarmStartRun {
  return {
    arm,
    mode,
    seed,
    validation: metrics(validation.at(-1)!),
    test: metrics(test),
    epochs: validation.length,
    seconds: validation.length,
    history: validation.map((metric, epoch) => ({ epoch, metric, loss: 1, seconds: 1 })),
  };
}

const runs = [
  run('random', 'init', 1, [0.1, 0.2, 0.4], 0.4),
  run('random', 'init', 2, [0.1, 0.3, 0.5], 0.6),
  // Worse on validation, better on the test: not chosen.
  run('tslrec', 'init', 1, [0.3, 0.39], 0.9),
  run('tslrec', 'init', 2, [0.3, 0.5], 0.9),
  run('tslrec', 'frozen', 1, [0.4, 0.6], 0.6),
  run('tslrec', 'frozen', 2, [0.2, 0.6], 0.7),
];
const [random, init, frozen] = summarise(runs);

test('each arm and mode: mean and sample deviation over seeds, gain over the random start', () => {
  assert.deepEqual(
    [random, init, frozen].map(({ arm, mode }) => `${arm} ${mode}`),
    ['random init', 'tslrec init', 'tslrec frozen'],
  );
  // (0.4 + 0.6) / 2, and sqrt(2 * 0.1^2 / 1)
  assert.equal(random.testNdcg.mean, 0.5);
  assert.ok(Math.abs(random.testNdcg.deviation - Math.sqrt(0.02)) < 1e-12);
  assert.ok(Math.abs(frozen.gain - 0.3) < 1e-12, '0.65 is 30 % above 0.5');
  assert.equal(frozen.epochs, 2);
});

test('the mode is chosen on validation, whatever the test says', () => {
  assert.deepEqual(
    [random, init, frozen].map(({ chosen }) => chosen),
    [true, false, true],
  );
});

test("epochs to the random start's best of the same seed; none where a seed never gets there", () => {
  // Seed 1 reaches 0.4 in its first epoch, seed 2 reaches 0.5 in its second.
  assert.deepEqual(frozen.toRandomBest, { epochs: 1.5, seconds: 1.5 });
  assert.equal(init.toRandomBest, undefined);
});

test('without a random arm there is no gain to tell', () => {
  const [alone] = summarise(runs.filter(({ arm }) => arm !== 'random'));
  assert.ok(Number.isNaN(alone.gain));
  assert.equal(alone.toRandomBest, undefined);
});
