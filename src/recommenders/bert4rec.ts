// BERT4Rec: sequential recommendation with bidirectional encoder representations (Sun et al., CIKM 2019,
// arXiv 1904.06690). Trained on the Cloze task; asked for what comes next, it gets a mask behind the history.
// Legend: B batch, l positions, N items, d width.
//
// Deviations from the paper, beside those of all sequence models (sequence-model.ts): a sublayer's input is
// normalised, not its output, which trains without a warm-up; embeddings, and what the output layer projects,
// are normalised as in the authors' code; the output layer has no bias an item.
import { attention, layerNorm, linear, mergeHeads, splitHeads } from '../network/layers.ts';
import { normal, type Scope } from '../network/scope.ts';
import { add, concatenate, gatherRows, gelu, reshape, slice } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { Encoder } from './encoder.ts';
import { paddingToken } from './training/masked-windows.ts';

export interface Bert4RecOptions {
  readonly blocks: number;
  readonly heads: number;
  /** Width of the feed-forward layer as a multiple of d; the paper has 4. */
  readonly feedForward: number;
  readonly dropout: number;
  /** rho: the share of a window's items that are hidden (section 4.5: .2 for MovieLens, .6 for Beauty). */
  readonly maskedShare: number;
}

export function bert4rec(options: Bert4RecOptions): Encoder {
  return {
    task: { maskedShare: options.maskedShare },
    hidden(scope, items, table, length) {
      const [, l] = items.shape;
      const [N, d] = table.shape;
      const own = scope.parameter('tokens', [2, d], normal(0.02)); // the mask, and padding, which nobody sees
      const positions = slice(scope.parameter('positions', [length, d], normal(0.02)), 0, 0, l);
      let x = add(gatherRows(concatenate([table, own], 0), items), positions);
      x = scope.dropout(layerNorm(scope, 'input', x), options.dropout);
      const mask = paddingMask(scope, items, N);
      for (let i = 0; i < options.blocks; i++) x = block(scope.within(`blocks.${i}`), x, mask, options);
      return layerNorm(scope, 'output', gelu(linear(scope, 'projection', x, d)));
    },
  };
}

/** 0 where there is an item or a mask, a large negative number at padding: [B, 1, 1, l]. */
function paddingMask(scope: Scope, items: Tensor, N: number): Tensor {
  const isPadding = Float32Array.from({ length: N + 2 }, (_, token) =>
    token === paddingToken(N) ? -1e9 : 0,
  );
  const [B, l] = items.shape;
  return reshape(gatherRows(scope.graph.constant(isPadding, [N + 2, 1]), items), [B, 1, 1, l]);
}

function block(
  scope: Scope,
  x: Tensor,
  mask: Tensor,
  { heads, feedForward, dropout }: Bert4RecOptions,
): Tensor {
  const d = x.shape[2];
  const a = layerNorm(scope, 'attention.norm', x);
  const head = (name: string) => splitHeads(linear(scope, `attention.${name}`, a, d), heads);
  const mixed = mergeHeads(attention(scope, head('query'), head('key'), head('value'), mask, dropout));
  const y = add(x, scope.dropout(linear(scope, 'attention.output', mixed, d), dropout));

  const f = layerNorm(scope, 'feedForward.norm', y);
  const hidden = gelu(linear(scope, 'feedForward.inner', f, feedForward * d));
  return add(y, scope.dropout(linear(scope, 'feedForward.outer', hidden, d), dropout));
}
