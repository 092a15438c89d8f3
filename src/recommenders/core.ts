// CORE: consistent representation space for session-based recommendation (Hou et al., SIGIR 2022, arXiv
// 2204.11067), with the transformer encoder (CORE-trm). A session is a weighted sum of its own items'
// embeddings, and nothing else, so that sessions and items live in one space; they are compared by their
// cosine over a temperature. Legend: l positions, d width.
//   alpha = softmax(w . Transformer(items)),  hidden = sum_j alpha_j E[item_j],  score = cos(hidden, E[item])
//   / tau
//
// Deviations from the paper, beside those of all sequence models (sequence-model.ts): every position of a
// history is trained on, under a causal mask; sublayers are SASRec's (sasrec.ts); item dropout falls on the
// embeddings that are summed and on those compared with, not on what the transformer reads.
import { causalMask } from '../network/layers.ts';
import { normal } from '../network/scope.ts';
import {
  add,
  divide,
  gatherRows,
  matmul,
  multiply,
  reshape,
  softmax,
  sqrt,
  sum,
} from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { Encoder } from './encoder.ts';
import { type SasrecOptions, sasrec } from './sasrec.ts';

export interface CoreOptions extends SasrecOptions {
  /** tau (section 4.1.3: .07). */
  readonly temperature: number;
  readonly itemDropout: number;
}

export function core({ temperature, itemDropout, ...transformer }: CoreOptions): Encoder {
  const { hidden: positionsSeen } = sasrec(transformer);
  return {
    task: 'next item',
    hidden(scope, items, table, length) {
      const [B, l] = items.shape;
      const seen = positionsSeen(scope.within('transformer'), items, table, length);
      const w = scope.parameter('weights', [table.shape[1], 1], normal(0.1));
      const scores = add(reshape(matmul(seen, w), [B, 1, 1, l]), causalMask(scope, l)); // [B, 1, l, l]
      const alpha = reshape(softmax(scores), [B, l, l]);
      return normalised(matmul(alpha, scope.dropout(gatherRows(table, items), itemDropout)));
    },
    compared: (scope, table) => multiply(normalised(scope.dropout(table, itemDropout)), 1 / temperature),
  };
}

/** Rows of length one. */
const normalised = (x: Tensor): Tensor =>
  divide(x, sqrt(add(sum(multiply(x, x), [x.shape.length - 1], true), 1e-12)));
