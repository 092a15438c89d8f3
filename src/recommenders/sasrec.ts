// SASRec: self-attentive sequential recommendation (Kang and McAuley, ICDM 2018, arXiv 1808.09781).
// Legend: B batch, L length, d width.
//
// Deviations from the paper and the authors' code, beside those of all sequence models (sequence-model.ts):
// - every sublayer is x + Dropout(g(LayerNorm(x))) as section III-C writes it; the code normalises only the
//   queries, adds to the normalised input, and has no dropout of what attention gives beside that of its
//   weights;
// - a linear layer follows the attention, as in transformers; linear layers have biases, as in the code;
// - embeddings are scaled by sqrt(d) and the last states normalised, as in the code and not in the paper;
// - sequences are aligned at their start (batches.ts), so that the oldest item has position 0; there, the
//   latest has L - 1;
// - the feed-forward layer may be wider than d;
// - the paper's loss, one negative a position, is sasrec-bce's (losses.ts).
import {
  attention,
  causalMask,
  layerNorm,
  linear,
  mergeHeads,
  positionsAt,
  splitHeads,
} from '../network/layers.ts';
import { normal, type Scope } from '../network/scope.ts';
import { add, gatherRows, multiply, relu, reshape, slice } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { Encoder } from './encoder.ts';

export interface SasrecOptions {
  readonly blocks: number;
  readonly heads: number;
  /** Width of the feed-forward layer as a multiple of d; the paper has 1. */
  readonly feedForward: number;
  readonly dropout: number;
}

export function sasrec(options: SasrecOptions): Encoder {
  const { blocks, dropout } = options;
  const embedded = (scope: Scope, items: Tensor, table: Tensor, length: number) => {
    const [, l] = items.shape;
    const d = table.shape[1];
    const positions = slice(scope.parameter('positions', [length, d], normal(0.02)), 0, 0, l);
    return scope.dropout(add(multiply(gatherRows(table, items), Math.sqrt(d)), positions), dropout);
  };
  const throughBlocks = (scope: Scope, x: Tensor, mask: Tensor, count: number) => {
    let y = x;
    for (let i = 0; i < count; i++) y = block(scope.within(`blocks.${i}`), y, mask, options);
    return y;
  };
  return {
    task: 'next item',
    hidden(scope, items, table, length) {
      const x = embedded(scope, items, table, length);
      return layerNorm(scope, 'norm', throughBlocks(scope, x, causalMask(scope, x.shape[1]), blocks));
    },
    lastHidden(scope, items, table, length, last) {
      const [B, l] = items.shape;
      const mask = causalMask(scope, l);
      const x = throughBlocks(scope, embedded(scope, items, table, length), mask, blocks - 1);
      const ofLast = reshape(positionsAt(reshape(mask, [1, l, l]), last), [B, 1, 1, l]);
      return layerNorm(scope, 'norm', block(scope.within(`blocks.${blocks - 1}`), x, ofLast, options, last));
    },
  };
}

/**
 * x [B, l, d] -> [B, l, d], or [B, 1, d] where only the positions `last` [B] are asked; what they see is the
 * mask's matter.
 */
function block(
  scope: Scope,
  x: Tensor,
  mask: Tensor,
  { heads, feedForward, dropout }: SasrecOptions,
  last?: Tensor,
): Tensor {
  const d = x.shape[2];
  const asked = (all: Tensor) => (last ? positionsAt(all, last) : all);
  const a = layerNorm(scope, 'attention.norm', x);
  const head = (name: string, input: Tensor) =>
    splitHeads(linear(scope, `attention.${name}`, input, d), heads);
  const mixed = mergeHeads(
    attention(scope, head('query', asked(a)), head('key', a), head('value', a), mask, dropout),
  );
  const y = add(asked(x), scope.dropout(linear(scope, 'attention.output', mixed, d), dropout));

  const f = layerNorm(scope, 'feedForward.norm', y);
  const hidden = scope.dropout(relu(linear(scope, 'feedForward.inner', f, feedForward * d)), dropout);
  return add(y, scope.dropout(linear(scope, 'feedForward.outer', hidden, d), dropout));
}
