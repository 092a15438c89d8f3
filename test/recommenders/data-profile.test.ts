import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';

const profile = (itemCount: number, sequences: readonly Int32Array[], length?: number) => {
  const items = Array.from({ length: itemCount }, (_, i) => ({ itemId: `${i}`, attributes: {} }));
  return profileOf({ items, userIds: sequences.map((_, u) => `${u}`) }, leaveOneOut(sequences), length);
};

test('only what a training history holds twice may be offered again: held-out items do not count', () => {
  const { repeatable } = profile(4, [Int32Array.of(0, 1, 0, 2, 3), Int32Array.of(1, 2, 3, 3, 2)]);
  assert.deepEqual([...repeatable], [1, 0, 0, 0]);
});

test('L holds nine out of ten training histories, from 10 to what is allowed', () => {
  const histories = (length: number) => Array.from({ length: 20 }, () => new Int32Array(length + 2));
  assert.equal(profile(1, histories(4)).length, 10);
  assert.equal(profile(1, histories(33)).length, 40);
  assert.equal(profile(1, histories(700)).length, 200);
  assert.equal(profile(1, histories(700), 50).length, 50);
});

test('users without a history, as those after the point in time, do not count in its length', () => {
  const some = Array.from({ length: 20 }, (_, user) => new Int32Array(user < 4 ? 102 : 0));
  const { length, isDense } = profile(1, some);
  assert.deepEqual([length, isDense], [100, true]);
});

test('histories of fifty and more on average are dense', () => {
  const isDense = (length: number) => profile(1, [new Int32Array(length + 2)]).isDense;
  assert.deepEqual([isDense(49), isDense(50)], [false, true]);
});
