// A Llama of a few thousand weights, but for what a test asks for.
import type { LlamaConfig } from '../../src/network/transformer/llama.ts';

export const smallLlama = (over: Partial<LlamaConfig>): LlamaConfig => ({
  vocab_size: 100,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  ...over,
});
