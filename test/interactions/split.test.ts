import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NextItems } from '../../src/interactions/dataset.ts';
import { leaveOneOut, splitDataset, timeSplit } from '../../src/interactions/split.ts';

const plain = ({ users, histories, targets }: NextItems) =>
  Array.from(users, (user, row) => [user, [...histories[row]], targets[row]]);

test('the last item is for the test, the one before it for validation, from three interactions on', () => {
  const split = leaveOneOut([[5, 6, 7, 8], [5, 6, 7], [5, 6], []].map((s) => Int32Array.from(s)));
  assert.deepEqual(
    split.train.map((sequence) => [...sequence]),
    [[5, 6], [5], [5, 6], []],
  );
  assert.deepEqual(plain(split.validation), [
    [0, [5, 6], 7],
    [1, [5], 6],
  ]);
  assert.deepEqual(plain(split.test), [
    [0, [5, 6, 7], 8],
    [1, [5, 6], 7],
  ]);
});

test('time: 8/10 of interactions before the first point, 9/10 before the second, one question each', () => {
  // Ten interactions at 10, 20, ... 100: training ends before 90, validation before 100.
  const dataset = {
    name: 'test',
    sequences: [[1, 2, 3, 4], [5, 6, 7], [8, 9], [3]].map((s) => Int32Array.from(s)),
    times: [[10, 20, 90, 100], [30, 40, 50], [60, 70], [80]].map((t) => Float64Array.from(t)),
  };
  const split = timeSplit(dataset);
  assert.deepEqual(
    split.train.map((sequence) => [...sequence]),
    [[1, 2], [5, 6, 7], [8, 9], [3]],
  );
  assert.deepEqual(plain(split.validation), [[0, [1, 2], 3]]);
  assert.deepEqual(plain(split.test), [[0, [1, 2, 3], 4]]);
});

test('time: a user without anything before a point is not asked', () => {
  const dataset = {
    name: 'test',
    sequences: [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [9, 10],
    ].map((s) => Int32Array.from(s)),
    times: [
      [1, 3, 5, 7, 9, 11, 13, 15],
      [20, 30],
    ].map((t) => Float64Array.from(t)),
  };
  const { validation, test } = timeSplit(dataset);
  assert.deepEqual(plain(validation), []);
  assert.deepEqual(plain(test), [[1, [9], 10]]);
});

test('positions are no times, not even where one of twenty rows is missing', () => {
  const withTimes = (...times: number[][]) => ({
    name: 'shop',
    sequences: times.map(({ length }) => Int32Array.from({ length }, (_, i) => i)),
    times: times.map((ofUser) => Float64Array.from(ofUser)),
  });
  const positions = [...Array(20).keys()];
  const refused = (steps: string) =>
    new RegExp(
      `^TslrecError: shop has no times to split by: ${steps} timestamps are .*; use the leave-one-out split$`,
    );
  assert.throws(() => timeSplit(withTimes([0, 1], [0, 1, 2])), refused('3 of 3'));
  // 18 steps a user, of which one is from 9 to 11.
  const without10 = positions.toSpliced(10, 1);
  assert.throws(() => timeSplit(withTimes(without10, without10, [7])), refused('34 of 36'));
  // Seconds, of which half the steps happen to be 1.
  timeSplit(withTimes(positions.map((i) => 100 * Math.floor(i / 2) + (i % 2))));
});

test('a split that leaves nobody to ask is refused', () => {
  const pairs = [Int32Array.of(1, 2), Int32Array.of(3, 4)];
  const times = [Float64Array.of(10, 20), Float64Array.of(10, 20)];
  const split = (name: 'leave-one-out' | 'time') => () =>
    splitDataset(name, { name: 'shop', sequences: pairs, times });
  assert.throws(
    split('leave-one-out'),
    /nobody to ask for the validation .*: of 2 users none has three interactions; /,
  );
  assert.throws(
    split('time'),
    /nobody to ask for the validation .* on both sides .*; use the leave-one-out split, or /,
  );
});
