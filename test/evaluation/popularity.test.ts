import assert from 'node:assert/strict';
import { test } from 'node:test';
import { popularityGroups } from '../../src/evaluation/popularity.ts';

test('head is the fifth of the catalogue that occurs most, cold what never does, tail the others', () => {
  // Item 3 occurs three times, items 1, 6 and 8 twice, item 0 once; of ten items two are the head.
  const train = [Int32Array.of(3, 1, 6, 8, 3), Int32Array.of(8, 6, 1, 0, 3)];
  const groups = ['tail', 'head', 'cold', 'head', 'cold', 'cold', 'tail', 'cold', 'tail', 'cold'];
  assert.deepEqual(popularityGroups(train, 10), groups);
});

test('what never occurs is cold, where less than a fifth occurs too', () => {
  const groups = popularityGroups([Int32Array.of(7, 7)], 10);
  assert.deepEqual(
    groups.map((group, item) => [group, item]).filter(([group]) => group !== 'cold'),
    [['head', 7]],
  );
});
