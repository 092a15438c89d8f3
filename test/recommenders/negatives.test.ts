import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import { createNegativeSampler } from '../../src/recommenders/training/negatives.ts';

test('a negative is not what the user has, unless met again; all others are about equally frequent', () => {
  const repeatable = Uint8Array.of(0, 0, 0, 1, 0, 0);
  const { notOf } = createNegativeSampler({ itemCount: 6, repeatable });
  const sequence = Int32Array.of(4, 1, 3, 1);
  const random = createRandom('negatives');
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 4_000; i++) counts[notOf(sequence, random)]++;
  assert.deepEqual([counts[1], counts[4]], [0, 0]);
  for (const item of [0, 2, 3, 5])
    assert.ok(counts[item] > 900 && counts[item] < 1_100, `item ${item}: ${counts[item]}`);
});

test('a user who has the whole catalogue gets any item', () => {
  const { notOf } = createNegativeSampler({ itemCount: 2, repeatable: new Uint8Array(2) });
  assert.ok(notOf(Int32Array.of(1, 0), createRandom(1)) < 2);
});
