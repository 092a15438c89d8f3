import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaveOneOut } from '../../src/interactions/split.ts';

test('the last item is for the test, the one before it for validation, from three interactions on', () => {
  const { train, validation, test } = leaveOneOut([[5, 6, 7, 8], [5, 6, 7], [5, 6], []].map((s) => Int32Array.from(s)));
  assert.deepEqual(
    train.map((sequence) => [...sequence]),
    [[5, 6], [5], [5, 6], []],
  );
  assert.deepEqual([...validation], [7, 6, -1, -1]);
  assert.deepEqual([...test], [8, 7, -1, -1]);
});
