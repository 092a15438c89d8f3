// Which runs a comparison makes, that all of them have the same chances, and that a run's ranks are of the
// users and the part that they are said to be.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  type Arm,
  type CompareOptions,
  compare,
  drawCandidateSets,
  type EvaluationRun,
  RANDOM_ARM,
  type RunName,
} from '../../src/evaluation/compare.ts';
import type { NextItems, Split } from '../../src/interactions/dataset.ts';
import { normal } from '../../src/network/scope.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { MODELS } from '../../src/recommenders/models.ts';
import type { RecommenderModel } from '../../src/recommenders/recommender.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';
import { temporaryFolder } from '../support/stores.ts';

const d = 8;
const sequences = alternating(90, 1);
const split: Split = {
  name: 'leave-one-out',
  train: sequences.slice(0, 40),
  validation: lastOf(sequences.slice(40, 60)),
  test: lastOf(sequences.slice(60)),
};
const data = profile({ userCount: 40 });

/** One epoch, as `once` computes it. */
const options = (over: Partial<CompareOptions>): CompareOptions => ({
  models: [{ name: 'sasrec', model: MODELS.sasrec(data, d) }],
  arms: [{ name: RANDOM_ARM }],
  modes: ['init'],
  seeds: [1],
  adapter: { hidden: d, rowLength: 8 },
  training: { batchSize: 8, positionsPerStep: 400, steps: 1, patience: 0, learningRate: 1e-2 },
  progress: silentProgress,
  once: (_, run) => run(''),
  ...over,
});

const random = createRandom('vectors');
const vectors = Float32Array.from({ length: N * d }, () => 0.1 * random.normal());
/** What a random start of seed 1 begins from. */
const noise = normal(0.02)(createRandom('warm-start/1').fork('items.weight'), [N, d]);

const nameOf = ({ model, arm, mode, seed }: RunName): string => `${model} ${arm} ${mode} ${seed}`;
/** What came of it, whatever it is called and however long it took. */
const outcome = ({ validation, test, epochs, history }: EvaluationRun) => ({
  validation,
  test,
  epochs,
  history: history.map(({ loss, metric }) => [loss, metric]),
});

const asked: RunName[] = [];
const runs = await compare(
  split,
  options({
    models: [
      { name: 'sasrec', model: MODELS.sasrec(data, d) },
      { name: 'ncf', model: MODELS.ncf(data, d) },
      { name: 'popular', model: MODELS.popular(data, d) },
    ],
    arms: [
      { name: RANDOM_ARM },
      { name: 'srs', vectors: noise },
      { name: 'text', vectors },
      { name: 'tslrec', vectors: Float32Array.from(vectors) },
    ],
    modes: ['init', 'frozen+residual'],
    seeds: [1, 2],
    once: (which, run) => {
      asked.push(which);
      return run('');
    },
  }),
);
const runOf = (name: string): EvaluationRun => runs.find((run) => nameOf(run) === name)!;

test('one run a model, arm, mode and seed; only item tables have starts, only what trains has seeds', () => {
  const starts = ['srs', 'text', 'tslrec'].flatMap((arm) => [`${arm} init`, `${arm} frozen+residual`]);
  const names = [
    ...['random init', ...starts].flatMap((start) => [`sasrec ${start} 1`, `sasrec ${start} 2`]),
    ...['ncf random init 1', 'ncf random init 2', 'popular random init 1'],
  ];
  assert.deepEqual(asked.map(nameOf), names);
  assert.deepEqual(runs.map(nameOf), names);
});

test('every run ranks all users that are asked', () => {
  for (const run of runs) assert.deepEqual([run.validation.length, run.test.length], [20, 30], nameOf(run));
});

test('starts from the same vectors come out the same, whatever their names', () => {
  for (const mode of ['init', 'frozen+residual']) {
    for (const seed of [1, 2]) {
      const [one, other] = ['text', 'tslrec'].map((arm) => runOf(`sasrec ${arm} ${mode} ${seed}`));
      assert.deepEqual(outcome(one), outcome(other));
    }
  }
});

test('a random start is a start from noise, and has nothing else of its own', () => {
  assert.deepEqual(outcome(runOf('sasrec srs init 1')), outcome(runOf('sasrec random init 1')));
  assert.notDeepEqual(outcome(runOf('sasrec srs init 2')), outcome(runOf('sasrec random init 2')));
});

test('seeds, modes and vectors make a difference', () => {
  const outcomes = runs
    .filter(({ model, arm }) => model !== 'popular' && !['srs', 'tslrec'].includes(arm))
    .map((run) => JSON.stringify(outcome(run).history));
  assert.equal(new Set(outcomes).size, outcomes.length);
});

test('what was kept of a run stands for it; a run is told where to keep its checkpoint', async (context) => {
  const kept: EvaluationRun = { ...runs[0], seconds: 77 };
  assert.deepEqual(await compare(split, options({ once: async () => kept })), [kept]);
  const checkpoint = path.join(await temporaryFolder(context), 'run.checkpoint');
  await compare(split, options({ once: (_, run) => run(checkpoint) }));
  assert.ok(existsSync(checkpoint));
});

const next = (users: number[], histories: number[][], targets: number[]): NextItems => ({
  users: Int32Array.from(users),
  histories: histories.map((items) => Int32Array.from(items)),
  targets: Int32Array.from(targets),
});
/** Of other users, of other lengths and not in the order of their histories' lengths. */
const small: Split = {
  name: 'time',
  train: [Int32Array.of(1, 2)],
  validation: next([5, 1, 3], [[1, 2, 3], [4], [2, 3]], [9, 20, 30]),
  test: next([2, 7], [[1, 2, 3, 9, 4], [8]], [11, 33]),
};
/** Scores item i of user u by -(i + u) mod N, and keeps what it was asked. */
function byUser(seen: string[]): RecommenderModel {
  const score = (item: number, user: number) => -((item + user) % N);
  return {
    ...data,
    takesItemTable: false,
    isSeeded: false,
    train: async () => ({
      ...{ values: new Map(), bestEpoch: -1, history: [] },
      recommender: {
        async score({ users, histories }, candidates) {
          seen.push(...Array.from(users, (user, row) => `${user}: ${histories[row]}`));
          const C = candidates ? candidates.length / users.length : N;
          return Float32Array.from({ length: users.length * C }, (_, i) =>
            score(candidates ? candidates[i] : i % N, users[Math.floor(i / C)]),
          );
        },
        release: async () => {},
      },
    }),
  };
}

test('validation and test ranks are of their own users, asked with all that was before', async () => {
  const seen: string[] = [];
  const [run] = await compare(small, options({ models: [{ name: 'popular', model: byUser(seen) }] }));
  assert.deepEqual([...run.validation], [14, 21, 33]); // (target + user) mod 40
  assert.deepEqual([...run.test], [13, 0]);
  assert.deepEqual(seen.sort(), ['1: 4', '2: 1,2,3,9,4', '3: 2,3', '5: 1,2,3', '7: 8']);
  assert.deepEqual([run.epochs, run.seconds, run.history], [0, 0, []]);
});

test('sampled candidates: those that are given, each part its own', async () => {
  const model = byUser([]);
  const candidates = {
    // Of users 5, 1 and 3: before 9 is 0, before 20 are 0 and 19, before 30 none.
    validation: Int32Array.of(9, 0, 10, 20, 0, 19, 30, 31, 32),
    // Of users 2 and 7: before 11 are 0 and 10; 33 is the first of all.
    test: Int32Array.of(11, 0, 10, 33, 32, 34),
  };
  const [run] = await compare(small, options({ models: [{ name: 'popular', model }], candidates }));
  assert.deepEqual([...run.validation], [1, 2, 0]);
  assert.deepEqual([...run.test], [2, 0]);
});

test('candidate sets: the right item first, each part its own, the same each time', () => {
  const sets = drawCandidateSets(small, N, 20);
  assert.deepEqual(drawCandidateSets(small, N, 20), sets);
  for (const part of ['validation', 'test'] as const) {
    const { targets, histories } = small[part];
    assert.equal(sets[part].length, 21 * targets.length);
    targets.forEach((target, row) => {
      const [right, ...others] = sets[part].subarray(21 * row, 21 * (row + 1));
      assert.equal(right, target);
      assert.equal(new Set([target, ...others, ...histories[row]]).size, 21 + histories[row].length);
    });
  }
});

test('candidates are the same for every start', async () => {
  const candidates = drawCandidateSets(split, N, 10);
  const arms: readonly Arm[] = [
    { name: 'text', vectors },
    { name: 'tslrec', vectors },
  ];
  const [text, tslrec] = await compare(split, options({ arms, candidates }));
  assert.deepEqual(outcome(text), outcome(tslrec));
});
