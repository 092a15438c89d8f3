import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Architecture } from '../../src/language-model/architecture.ts';
import { tokensWithin } from '../../src/language-model/training/step-memory.ts';
import { smallLlama } from '../support/small-llama.ts';

const architecture = (layers: number, H: number, M: number, heads: number): Architecture => ({
  kind: 'decoder',
  config: smallLlama({
    num_hidden_layers: layers,
    hidden_size: H,
    intermediate_size: M,
    num_attention_heads: heads,
  }),
});

test('a step of 4 blocks, d 256, 32 x 128 tokens is put between the measured 0.5 and 0.8 GB', () => {
  const small = architecture(4, 256, 704, 8);
  assert.ok(tokensWithin(0.5e9, small, 128) < 32 * 128);
  assert.ok(tokensWithin(0.8e9, small, 128) > 32 * 128);
});

test('a model of 24 blocks, d 896, reads text by text, and one text always', () => {
  const large = architecture(24, 896, 4864, 14);
  // 1.5e9 / (4 * 24 * (16 * 896 + 6 * 4864 + 2 * 14 * 256)).
  assert.equal(tokensWithin(1.5e9, large, 256), 308);
  assert.equal(tokensWithin(1e6, large, 256), 256);
});
