// The Llama architecture (Touvron et al., arXiv 2302.13971): RMSNorm, rotary positions, SwiGLU. Parameters
// have the names and the [outputs, inputs] layout of a Hugging Face folder, so that what is trained here opens
// there. Legend: B batch, L length, H hidden size, V vocabulary.
import { attention, causalMask, mergeHeads, rmsNorm, rotaryEmbedding, splitHeads } from '../network/layers.ts';
import { normal, type Scope, zeros } from '../network/scope.ts';
import { add, gatherRows, matmul, multiply, silu, swapLast } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';

/** The fields of config.json that decide the graph, under their own names. */
export interface LlamaConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
}

/**
 * Low-rank adapters on every projection (LoRA, Hu et al., arXiv 2106.09685): y = x W^T + (alpha / rank) x A^T B^T.
 * B starts at zero, so that a fresh adapter changes nothing.
 */
export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
}

export const LORA_PROJECTIONS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

export const isLoraParameter = (name: string): boolean => /\.lora_[AB]\.weight$/.test(name);

/** The token embeddings [V, H], which are also the output layer. */
export function tokenEmbeddings(scope: Scope, { vocab_size, hidden_size }: LlamaConfig): Tensor {
  return scope.parameter('model.embed_tokens.weight', [vocab_size, hidden_size], normal(0.02));
}

/** tokens [B, L] -> last hidden states after the final norm [B, L, H]; position i sees tokens up to i. */
export function llama(
  scope: Scope,
  tokens: Tensor,
  embeddings: Tensor,
  config: LlamaConfig,
  lora?: LoraConfig,
): Tensor {
  const model = scope.within('model');
  const mask = causalMask(scope, tokens.shape[1]);
  let x = gatherRows(embeddings, tokens);
  for (let i = 0; i < config.num_hidden_layers; i++) x = layer(model.within(`layers.${i}`), x, mask, config, lora);
  return rmsNorm(model, 'norm', x, config.rms_norm_eps);
}

function layer(scope: Scope, x: Tensor, mask: Tensor, config: LlamaConfig, lora?: LoraConfig): Tensor {
  const { hidden_size: H, intermediate_size: M, num_attention_heads: heads, rms_norm_eps, rope_theta } = config;
  const self = scope.within('self_attn');
  const mlp = scope.within('mlp');

  const a = rmsNorm(scope, 'input_layernorm', x, rms_norm_eps);
  const q = rotaryEmbedding(splitHeads(projection(self, 'q_proj', a, H, lora), heads), rope_theta);
  const k = rotaryEmbedding(splitHeads(projection(self, 'k_proj', a, H, lora), heads), rope_theta);
  const v = splitHeads(projection(self, 'v_proj', a, H, lora), heads);
  const y = add(x, projection(self, 'o_proj', mergeHeads(attention(scope, q, k, v, mask, 0)), H, lora));

  const f = rmsNorm(scope, 'post_attention_layernorm', y, rms_norm_eps);
  const gated = multiply(silu(projection(mlp, 'gate_proj', f, M, lora)), projection(mlp, 'up_proj', f, M, lora));
  return add(y, projection(mlp, 'down_proj', gated, H, lora));
}

function projection(scope: Scope, name: string, x: Tensor, outputs: number, lora?: LoraConfig): Tensor {
  const own = scope.within(name);
  const inputs = x.shape.at(-1)!;
  const y = matmul(x, swapLast(own.parameter('weight', [outputs, inputs], normal(0.02))));
  if (!lora) return y;
  const A = own.parameter('lora_A.weight', [lora.rank, inputs], normal(1 / Math.sqrt(inputs)));
  const B = own.parameter('lora_B.weight', [outputs, lora.rank], zeros);
  const low = matmul(matmul(scope.dropout(x, lora.dropout), swapLast(A)), swapLast(B));
  return add(y, multiply(low, lora.alpha / lora.rank));
}
