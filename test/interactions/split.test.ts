import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NextItems } from '../../src/interactions/dataset.ts';
import { leaveOneOut, timeSplit } from '../../src/interactions/split.ts';

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

test('time: eight tenths of all interactions before the first point, nine before the second, one question a user', () => {
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

test('positions are no times', () => {
  const dataset = {
    name: 'shop',
    sequences: [Int32Array.of(1, 2), Int32Array.of(3, 4, 5)],
    times: [Float64Array.of(0, 1), Float64Array.of(0, 1, 2)],
  };
  assert.throws(
    () => timeSplit(dataset),
    /^TslrecError: shop has no times to split by: .*; use the leave-one-out split$/,
  );
});
