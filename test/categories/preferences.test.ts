import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userPreferences } from '../../src/categories/preferences.ts';

const categories = Int32Array.from([0, 0, 1, 2, -1]);
const sequences = (...values: number[][]) => values.map((items) => Int32Array.from(items));

test('the share of interactions in each category; repeats count, items without a category do not', () => {
  const p = userPreferences(sequences([0, 1, 2, 0], [3, 4]), categories, 3);
  assert.deepEqual([...p], [3 / 4, 1 / 4, 0, 0, 0, 1]);
});

test("a user without usable interactions gets the mean of the others' distributions", () => {
  const p = userPreferences(sequences([0, 2], [], [4], [2, 2]), categories, 3);
  // mean of (1/2, 1/2, 0) and (0, 1, 0)
  assert.deepEqual([...p.subarray(3, 6)], [1 / 4, 3 / 4, 0]);
  assert.deepEqual([...p.subarray(6, 9)], [1 / 4, 3 / 4, 0]);
});

test('without any usable interaction at all it is uniform', () => {
  assert.deepEqual([...userPreferences(sequences([], [4]), categories, 4)], Array(8).fill(1 / 4));
});
