import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packedBatches } from '../../src/language-model/training/causal-pretraining.ts';
import { createRandom } from '../../src/random.ts';
import type { Feeds } from '../../src/tensor/session.ts';

const END = 0;
const texts = [Int32Array.of(1, 2), Int32Array.of(3), Int32Array.of(4, 5, 6)];
const [B, L] = [2, 2];

/** Inputs, and what is asked for at each, batch after batch. */
function read(seed: number, tokens = 1_000) {
  const options = { batchSize: B, length: L, endOfText: END, tokens };
  const batches = [...packedBatches(texts, options, createRandom(seed))] as Feeds[];
  for (const { weights } of batches) assert.deepEqual([...weights], [0.25, 0.25, 0.25, 0.25]);
  const of = (name: string) => batches.flatMap((batch) => [...batch[name]]);
  return { inputs: of('tokens'), targets: of('targets') };
}

test('the token after each is asked for; texts are joined by end-of-text, the last row wraps', () => {
  const { inputs, targets } = read(1);
  assert.equal(inputs.length, 12, 'six tokens of text, an end before each of three texts, three to wrap');
  assert.deepEqual(inputs.slice(9), inputs.slice(0, 3));
  assert.deepEqual(targets, [...inputs.slice(1), inputs[3]]);
  const stream = inputs.slice(0, 9).join(' ');
  const pieces = stream.split(/\b0\b/).map((piece) => piece.trim());
  assert.deepEqual(pieces.sort(), ['', '1 2', '3', '4 5 6']);
});

test('texts come in an order of their own in each epoch, and no more of them than tokens are left', () => {
  const orders = new Set([1, 2, 3, 4, 5, 6].map((seed) => read(seed).inputs.join()));
  assert.ok(orders.size > 1);
  assert.equal(read(1, 5).inputs.length, 8, 'two batches hold five tokens');
});
