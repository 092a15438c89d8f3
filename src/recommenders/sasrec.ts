// SASRec: self-attentive sequential recommendation (Kang and McAuley, ICDM 2018, arXiv 1808.09781).
// Legend: B batch, L length, d width.
//
// Deviations from the paper: every sublayer is x + Dropout(g(LayerNorm(x))) as section III-C writes it (the
// authors' code normalises only the queries); sequences are aligned at their start (batches.ts).
import { attention, causalMask, layerNorm, linear, mergeHeads, splitHeads } from '../network/layers.ts';
import { normal, type Scope } from '../network/scope.ts';
import { add, gatherRows, multiply, relu, slice } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { Encoder } from './sequence-model.ts';

export interface SasrecOptions {
  readonly blocks: number;
  readonly heads: number;
  /** Width of the feed-forward layer as a multiple of d; the paper has 1. */
  readonly feedForward: number;
  readonly dropout: number;
}

export function sasrec(options: SasrecOptions): Encoder {
  return {
    task: 'next item',
    hidden(scope, items, table, length) {
      const [, l] = items.shape;
      const d = table.shape[1];
      const positions = slice(scope.parameter('positions', [length, d], normal(0.02)), 0, 0, l);
      let x = add(multiply(gatherRows(table, items), Math.sqrt(d)), positions);
      x = scope.dropout(x, options.dropout);
      const mask = causalMask(scope, l);
      for (let i = 0; i < options.blocks; i++) x = block(scope.within(`blocks.${i}`), x, mask, options);
      return layerNorm(scope, 'norm', x);
    },
  };
}

function block(scope: Scope, x: Tensor, mask: Tensor, { heads, feedForward, dropout }: SasrecOptions): Tensor {
  const d = x.shape[2];
  const a = layerNorm(scope, 'attention.norm', x);
  const head = (name: string) => splitHeads(linear(scope, `attention.${name}`, a, d), heads);
  const mixed = mergeHeads(attention(scope, head('query'), head('key'), head('value'), mask, dropout));
  const y = add(x, scope.dropout(linear(scope, 'attention.output', mixed, d), dropout));

  const f = layerNorm(scope, 'feedForward.norm', y);
  const hidden = scope.dropout(relu(linear(scope, 'feedForward.inner', f, feedForward * d)), dropout);
  return add(y, scope.dropout(linear(scope, 'feedForward.outer', hidden, d), dropout));
}
