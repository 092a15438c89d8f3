// The Llama architecture (Touvron et al., arXiv 2302.13971): RMSNorm, rotary positions, SwiGLU; and what
// Llama 2 and 3, Mistral, Qwen2 and Qwen3 changed in it, which is a matter of configuration. Parameters have
// the names and the [outputs, inputs] layout of a Hugging Face folder, so that what is trained there is read
// here and the other way round. Legend: B batch, L length, H hidden size, M intermediate size, h width of a
// head, V vocabulary.

import { add, gatherRows, multiply, rotate, silu } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { mergeHeads, type RotaryTable, rmsNorm, rotaryTable, splitHeads } from '../layers.ts';
import { normal, type Scope } from '../scope.ts';
import { causalAttention } from './causal-attention.ts';
import { type LoraConfig, projection } from './lora.ts';
import type { ModelSizes } from './model-sizes.ts';
import { type RopeFrequencies, type RopeScaling, ropeFrequencies } from './rope.ts';

/**
 * What decides the graph, under the names of config.json where it has one. What may be left out is then as in
 * the first Llama.
 */
export interface LlamaConfig extends ModelSizes {
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly rope_scaling?: RopeScaling;
  /** Heads of keys and values, each shared by as many heads of queries; one for each where left out. */
  readonly num_key_value_heads?: number;
  /** H / heads where left out. */
  readonly head_dim?: number;
  /** The output layer is a matrix of its own, not the token embeddings. */
  readonly untied?: boolean;
  readonly biases?: { readonly queryKeyValue: boolean; readonly output: boolean; readonly mlp: boolean };
  /** Queries and keys are normalised head by head. */
  readonly queryKeyNorm?: boolean;
  /**
   * Of each layer, how many of the nearest positions it sees; null for all of them, as everywhere where left
   * out.
   */
  readonly windows?: readonly (number | null)[];
}

/** The token embeddings [V, H]. */
export function tokenEmbeddings(scope: Scope, { vocab_size, hidden_size }: LlamaConfig): Tensor {
  return scope.parameter('model.embed_tokens.weight', [vocab_size, hidden_size], normal(0.02));
}

/** What hidden states are compared with to score the next token [V, H]. */
export function outputTable(scope: Scope, embeddings: Tensor, { untied }: LlamaConfig): Tensor {
  return untied ? scope.parameter('lm_head.weight', embeddings.shape, normal(0.02)) : embeddings;
}

/** tokens [B, L] -> last hidden states after the final norm [B, L, H]; position i sees tokens up to i. */
export function llama(
  scope: Scope,
  tokens: Tensor,
  embeddings: Tensor,
  config: LlamaConfig,
  lora?: LoraConfig,
): Tensor {
  const { frequencies, scale } = ropeOf(config);
  const rotary = rotaryTable(scope, tokens.shape[1], frequencies, scale);
  const attend: Attend = (q, k, v, i) => causalAttention(scope, q, k, v, windowOf(config, i));
  return llamaLayers(scope, tokens, embeddings, config, { rotary, attend, lora });
}

/** What the queries of layer i see: q [B, heads, L, h], k, v [B, key heads, L, h] -> [B, heads, L, h]. */
export type Attend = (q: Tensor, k: Tensor, v: Tensor, i: number) => Tensor;

export interface LayerOptions {
  readonly rotary: RotaryTable;
  readonly attend: Attend;
  readonly lora?: LoraConfig;
}

/** The same where the caller says at which positions the tokens stand and what they see. */
export function llamaLayers(
  scope: Scope,
  tokens: Tensor,
  embeddings: Tensor,
  config: LlamaConfig,
  options: LayerOptions,
): Tensor {
  const model = scope.within('model');
  let x = gatherRows(embeddings, tokens);
  for (let i = 0; i < config.num_hidden_layers; i++)
    x = layer(model.within(`layers.${i}`), x, i, config, options);
  return rmsNorm(model, 'norm', x, config.rms_norm_eps);
}

function layer(
  scope: Scope,
  x: Tensor,
  i: number,
  config: LlamaConfig,
  { rotary, attend, lora }: LayerOptions,
): Tensor {
  const { hidden_size: H, intermediate_size: M, num_attention_heads: heads, rms_norm_eps, biases } = config;
  const keyHeads = keyHeadsOf(config);
  const h = headWidth(config);
  const self = scope.within('self_attn');
  const mlp = scope.within('mlp');

  const a = rmsNorm(scope, 'input_layernorm', x, rms_norm_eps);
  const split = (name: string, count: number) =>
    splitHeads(projection(self, name, a, count * h, { bias: biases?.queryKeyValue, lora }), count);
  const normed = (name: string, y: Tensor) =>
    config.queryKeyNorm ? rmsNorm(self, name, y, rms_norm_eps) : y;
  const turned = (x: Tensor) => rotate(x, rotary.cosines, rotary.sines);
  const q = turned(normed('q_norm', split('q_proj', heads)));
  const k = turned(normed('k_norm', split('k_proj', keyHeads)));
  const mixed = mergeHeads(attend(q, k, split('v_proj', keyHeads), i));
  const y = add(x, projection(self, 'o_proj', mixed, H, { bias: biases?.output, lora }));

  const f = rmsNorm(scope, 'post_attention_layernorm', y, rms_norm_eps);
  const inner = (name: string) => projection(mlp, name, f, M, { bias: biases?.mlp, lora });
  const gated = multiply(silu(inner('gate_proj')), inner('up_proj'));
  return add(y, projection(mlp, 'down_proj', gated, H, { bias: biases?.mlp, lora }));
}

/** Of how many of the nearest positions layer i sees, itself among them. */
export const windowOf = ({ windows }: LlamaConfig, i: number): number =>
  windows?.[i] ?? Number.POSITIVE_INFINITY;

export const keyHeadsOf = ({ num_key_value_heads, num_attention_heads }: LlamaConfig): number =>
  num_key_value_heads ?? num_attention_heads;

export const ropeOf = (config: LlamaConfig): RopeFrequencies =>
  ropeFrequencies(headWidth(config), config.rope_theta, config.rope_scaling);

export const headWidth = ({ head_dim, hidden_size, num_attention_heads }: LlamaConfig): number =>
  head_dim ?? hidden_size / num_attention_heads;
