import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bucketLengths,
  inBuckets,
  pooledBatch,
  readingLengths,
} from '../../src/language-model/pooled/pooled-batches.ts';

const text = (length: number) => ({ tokens: new Int32Array(length).fill(7) });

test('buckets: a quarter, half and all of the length in multiples of 16, each once, none longer', () => {
  assert.deepEqual(bucketLengths(256), [64, 128, 256]);
  assert.deepEqual(bucketLengths(100), [32, 64, 100]);
  assert.deepEqual(bucketLengths(16), [16]);
  assert.deepEqual(bucketLengths(10), [10]);
});

test('lengths of reading: above 16 a text is padded by less than half, none beyond the limit', () => {
  assert.deepEqual(readingLengths(100), [16, 24, 32, 48, 64, 96, 100]);
  assert.deepEqual(readingLengths(512).slice(-3), [256, 384, 512]);
  assert.deepEqual(readingLengths(16), [16]);
  assert.deepEqual(readingLengths(10), [10]);
});

test('each text is in one block of the shortest bucket that holds it', () => {
  const texts = [256, 1, 64, 65, 128, 129, 2].map(text);
  const blocks = inBuckets(texts, () => 2, [64, 128, 256]);
  assert.deepEqual(
    blocks.map(({ length, block }) => [length, block.map(({ tokens }) => tokens.length)]),
    [
      [64, [1, 64]],
      [64, [2]],
      [128, [65, 128]],
      [256, [256, 129]],
    ],
  );
});

test('pooling averages over the tokens: 1 / length each, zeros behind', () => {
  const { tokens, pool } = pooledBatch([Int32Array.of(1, 2), Int32Array.of(4, 5, 6)], 2, 3);
  assert.deepEqual([...tokens], [1, 2, 0, 4, 5, 6]);
  assert.deepEqual([...pool], [...Float32Array.of(0.5, 0.5, 0, 1 / 3, 1 / 3, 1 / 3)]);
});
