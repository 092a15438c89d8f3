// BERT (Devlin et al., arXiv 1810.04805) as an encoder of texts, such as all-MiniLM-L6-v2: learnt positions,
// layers that normalise after each sum, attention to all of a text. Parameters have the names of a Hugging
// Face folder. Legend: B batch, L length, H hidden size.
import { attention, layerNorm, mergeHeads, splitHeads } from '../network/layers.ts';
import { normal, type Scope } from '../network/scope.ts';
import { type LoraConfig, projection } from '../network/transformer/lora.ts';
import type { ModelSizes } from '../network/transformer/model-sizes.ts';
import {
  add,
  gatherRows,
  gelu,
  isPositive,
  multiply,
  reshape,
  slice,
  subtract,
} from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';

/** The fields of config.json that decide the graph, under their own names. */
export interface BertConfig extends ModelSizes {
  readonly type_vocab_size: number;
  readonly layer_norm_eps: number;
}

/** tokens [B, L], pool [B, 1, L] positive where a text has a token -> last hidden states [B, L, H]. */
export function bert(
  scope: Scope,
  tokens: Tensor,
  pool: Tensor,
  config: BertConfig,
  lora?: LoraConfig,
): Tensor {
  const [B, L] = tokens.shape;
  // 0 at a token, a large negative number behind.
  const padding = multiply(subtract(isPositive(pool), 1), 1e9);
  const mask = reshape(padding, [B, 1, 1, L]);
  let x = embedded(scope.within('embeddings'), tokens, config);
  for (let i = 0; i < config.num_hidden_layers; i++)
    x = layer(scope.within(`encoder.layer.${i}`), x, mask, config, lora);
  return x;
}

/** A text alone is all of the first type. */
function embedded(scope: Scope, tokens: Tensor, config: BertConfig): Tensor {
  const { hidden_size: H, layer_norm_eps } = config;
  const table = (name: string, rows: number) =>
    scope.parameter(`${name}_embeddings.weight`, [rows, H], normal(0.02));
  const words = gatherRows(table('word', config.vocab_size), tokens);
  const positions = slice(table('position', config.max_position_embeddings), 0, 0, tokens.shape[1]);
  const type = slice(table('token_type', config.type_vocab_size), 0, 0, 1);
  return layerNorm(scope, 'LayerNorm', add(words, add(positions, type)), layer_norm_eps);
}

function layer(scope: Scope, x: Tensor, mask: Tensor, config: BertConfig, lora?: LoraConfig): Tensor {
  const { hidden_size: H, intermediate_size, num_attention_heads: heads, layer_norm_eps } = config;
  const self = scope.within('attention.self');
  const mixing = scope.within('attention.output');
  const output = scope.within('output');
  const options = { bias: true, lora };

  const split = (name: string) => splitHeads(projection(self, name, x, H, options), heads);
  const mixed = mergeHeads(attention(scope, split('query'), split('key'), split('value'), mask, 0));
  const y = layerNorm(
    mixing,
    'LayerNorm',
    add(projection(mixing, 'dense', mixed, H, options), x),
    layer_norm_eps,
  );

  const inner = gelu(projection(scope.within('intermediate'), 'dense', y, intermediate_size, options));
  return layerNorm(
    output,
    'LayerNorm',
    add(projection(output, 'dense', inner, H, options), y),
    layer_norm_eps,
  );
}
