import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRESETS } from '../../jobs/presets.ts';
import { learnerOf, recommenderFor } from '../../jobs/recommender-settings.ts';
import type { Dataset } from '../../src/interactions/dataset.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';

const settingsOf = (itemCount: number, sequences: readonly Int32Array[]) => {
  const items = Array.from({ length: itemCount }, (_, i) => ({ itemId: `${i}`, attributes: {} }));
  const dataset: Dataset = { name: 'test', items, userIds: sequences.map((_, u) => `${u}`), sequences, hash: '' };
  return recommenderFor(dataset, leaveOneOut(sequences), PRESETS.quick);
};

test('only what a training history holds twice may be offered again: validation and test items do not count', () => {
  const { repeatable } = settingsOf(4, [Int32Array.of(0, 1, 0, 2, 3), Int32Array.of(1, 2, 3, 3, 2)]);
  assert.deepEqual([...repeatable], [1, 0, 0, 0]);
});

test('L holds nine out of ten training histories, from 10 to what is allowed', () => {
  const histories = (length: number) => Array.from({ length: 20 }, () => new Int32Array(length + 2));
  assert.equal(settingsOf(1, histories(4)).length, 10);
  assert.equal(settingsOf(1, histories(33)).length, 40);
  assert.equal(settingsOf(1, histories(700)).length, 200);
  assert.equal(learnerOf(settingsOf(1, histories(700))).length, 50);
});
