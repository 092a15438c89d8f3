// The summary of a comparison, from runs made by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvaluationRun } from '../../src/evaluation/compare.ts';
import { summarise } from '../../src/evaluation/summary.ts';
import { NOT_RANKED } from '../../src/recommenders/ranking.ts';

/** A user with NDCG@10 of 1, 1/2, 1/3 and 0. */
const [FIRST, THIRD, SEVENTH, NOWHERE] = [0, 2, 6, NOT_RANKED];

/** A run whose epochs take a second each and reach these validation figures. */
function run(
  arm: string,
  mode: EvaluationRun['mode'],
  seed: number,
  curve: readonly number[],
  validation: readonly number[],
  test: readonly number[],
): EvaluationRun {
  return {
    model: 'sasrec',
    arm,
    mode,
    seed,
    validation: Int32Array.from(validation),
    test: Int32Array.from(test),
    epochs: curve.length,
    seconds: curve.length,
    history: curve.map((metric, epoch) => ({ epoch, metric, loss: 1, seconds: 1 })),
  };
}

const runs = [
  run('random', 'init', 1, [0.1, 0.2, 0.4], [THIRD, THIRD], [THIRD, NOWHERE]),
  run('random', 'init', 2, [0.1, 0.3, 0.5], [THIRD, THIRD], [FIRST, NOWHERE]),
  // Worse on validation, better on the test: not chosen.
  run('tslrec', 'init', 1, [0.3, 0.39], [THIRD, NOWHERE], [FIRST, FIRST]),
  run('tslrec', 'init', 2, [0.3, 0.5], [THIRD, NOWHERE], [FIRST, FIRST]),
  run('tslrec', 'frozen', 1, [0.4, 0.6], [FIRST, THIRD], [FIRST, SEVENTH]),
  run('tslrec', 'frozen', 2, [0.45, 0.6], [FIRST, THIRD], [THIRD, NOWHERE]),
];
// Item 0 is the head of five items, item 1 in the tail, item 2 unknown to training.
const train = [Int32Array.of(0, 0, 0, 1, 3, 4)];
// What is known of users by the test has item 2 and more of item 1: groups are of training.
const known = Int32Array.of(0, 0, 0, 1, 3, 4, 1, 1, 1, 2, 2);
const next = { users: Int32Array.of(0, 1), histories: [known, known], targets: Int32Array.of(0, 2) };
const summary = summarise(runs, { train, test: next }, 5);
const [random, init, frozen] = summary;

test('each model, arm and mode: mean and sample deviation over seeds, gain over the random start', () => {
  assert.deepEqual(
    summary.map(({ model, arm, mode }) => `${model} ${arm} ${mode}`),
    ['sasrec random init', 'sasrec tslrec init', 'sasrec tslrec frozen'],
  );
  // 1/4 and 1/2 over two users; sqrt(2 * (1/8)^2)
  assert.equal(random.test['ndcg@10'].mean, 3 / 8);
  assert.ok(Math.abs(random.test['ndcg@10'].deviation! - Math.sqrt(1 / 32)) < 1e-12);
  assert.ok(Math.abs(init.gain! - (1 / (3 / 8) - 1)) < 1e-12);
  assert.equal(frozen.epochs, 2);
  assert.equal(random.gain, undefined);
});

test('gain over text features, in the mode that validation chose for them', () => {
  const text = (arm: string, mode: EvaluationRun['mode'], validation: number, test: number) =>
    run(arm, mode, 1, [0.1], [validation, THIRD], [test, NOWHERE]);
  const withText = summarise(
    [
      ...runs,
      text('text', 'init', SEVENTH, FIRST),
      text('text', 'frozen', FIRST, THIRD),
      text('tf-idf', 'init', FIRST, SEVENTH),
    ],
    { train, test: next },
    5,
  );
  const tslrec = withText.filter(({ arm }) => arm === 'tslrec');
  // Text frozen has 1/4 over the two users; init of TSLRec 1.
  assert.ok(Math.abs(tslrec[0].overText.text!.gain! - 3) < 1e-12);
  // TF-IDF 1/6.
  assert.ok(Math.abs(tslrec[0].overText['tf-idf']!.gain! - 5) < 1e-12);
  const compared = withText.map(({ arm, overText }) => [arm, ...Object.keys(overText)].join(' '));
  assert.deepEqual([...new Set(compared)], ['random', 'tslrec tf-idf text', 'text tf-idf', 'tf-idf']);
});

test('p is of the differences user by user, over the mean of the seeds', () => {
  // Of ten users each gains a little, far less than users differ.
  const ranks = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const better = ranks.map((rank) => Math.max(0, rank - 1));
  const pOf = (ofRandom: readonly number[][], ofText: readonly number[][]) => {
    const start = (arm: string) => (test: readonly number[], seed: number) =>
      run(arm, 'init', 1 + seed, [0.1], test, test);
    const users = Int32Array.from(ranks.keys());
    const asked = { users, histories: ranks.map(() => known), targets: new Int32Array(10) };
    const all = [...ofRandom.map(start('random')), ...ofText.map(start('text'))];
    return summarise(all, { train, test: asked }, 5)[1].pValue!;
  };
  assert.ok(pOf([ranks], [better]) < 0.01, `${pOf([ranks], [better])}`); // 2 of 2^9 signs are as far out
  const others = ranks.toReversed();
  assert.ok(pOf([others], [better]) > 0.1, 'the same figures of other users');
  // What one seed loses the other gains: over both there is no difference.
  assert.equal(pOf([ranks, others], [others, ranks]), 1);
});

test('gain of other models over the first one, each from its random start', () => {
  const other = (arm: string): EvaluationRun => ({
    ...run(arm, 'init', 1, [0.1], [THIRD, THIRD], [FIRST, THIRD]),
    model: 'gru4rec',
  });
  const models = summarise([...runs, other('random'), other('tslrec')], { train, test: next }, 5);
  const compared = models.filter(({ overFirstModel }) => overFirstModel !== undefined);
  assert.deepEqual(
    compared.map(({ model, arm }) => [model, arm]),
    [['gru4rec', 'random']],
  );
  // 3/4 over the two users, against 3/8.
  assert.ok(Math.abs(compared[0].overFirstModel!.gain! - 1) < 1e-12);
  const [, popular] = summarise([runs[2], other('random')], { train, test: next }, 5);
  assert.equal(popular.overFirstModel, undefined, 'the first has no random start');
});

test('the mode is chosen on validation, whatever the test says', () => {
  assert.deepEqual(
    summary.map(({ chosen }) => chosen),
    [true, false, true],
  );
});

test('of modes that validation cannot tell apart one is chosen, the first; one seed has no deviation', () => {
  const same = (mode: EvaluationRun['mode']) => run('tslrec', mode, 1, [0.1], [FIRST, THIRD], [FIRST, THIRD]);
  const tied = summarise([same('init'), same('frozen')], { train, test: next }, 5);
  assert.deepEqual(
    tied.map(({ chosen, test: { 'ndcg@10': ndcg } }) => [chosen, 'deviation' in ndcg]),
    [
      [true, false],
      [false, false],
    ],
  );
});

test('head, tail and cold items apart: users who are asked for one, and their NDCG@10', () => {
  assert.deepEqual(random.groups, {
    head: { users: 1, ndcg: 3 / 4 },
    tail: { users: 0, ndcg: 0 },
    cold: { users: 1, ndcg: 0 },
  });
});

test("epochs to the random start's best of the same seed; none where a seed never gets there", () => {
  // Seed 1 reaches 0.4 in its first epoch, seed 2 reaches 0.5 in its second.
  assert.deepEqual(frozen.toRandomBest, { epochs: 1.5, seconds: 1.5 });
  assert.equal(init.toRandomBest, undefined);
});

test('without a random arm there is no gain to tell', () => {
  const [alone] = summarise(
    runs.filter(({ arm }) => arm !== 'random'),
    { train, test: next },
    5,
  );
  assert.equal(alone.gain, undefined);
  assert.equal(alone.toRandomBest, undefined);
});

test('a random start that hits nothing leaves no gain to tell, but a p', () => {
  const nothing = run('random', 'init', 1, [0], [NOWHERE, NOWHERE], [NOWHERE, NOWHERE]);
  const some = run('tslrec', 'init', 1, [0.1], [FIRST, FIRST], [FIRST, NOWHERE]);
  const [, { gain, pValue }] = summarise([nothing, some], { train, test: next }, 5);
  assert.equal(gain, undefined);
  assert.equal(pValue, 1); // one user differs: either sign is as far out
});
