// NARM: neural attentive session-based recommendation (Li et al., CIKM 2017, arXiv 1711.04725).
// A global encoder, the last state of a GRU, and a local one, a sum of all states so far weighted by their
// attention to the last. Legend: B batch, l positions, d width.
//   alpha_tj = v . sigmoid(A1 h_t + A2 h_j),  local_t = sum_{j <= t} alpha_tj h_j,  hidden_t = B [h_t ;
//   local_t]
//
// Deviations from the paper, beside those of all sequence models (sequence-model.ts):
// - every position of a history is trained on, so that alpha is computed for all pairs of positions at once;
// - both encoders share one GRU, as in the authors' code (whose alpha is a softmax, as the paper's is not);
// - its states are as wide as the embeddings (there 100 and 50), and its reset gate acts after the product
//   (network/gru.ts);
// - A1, A2 and B have biases.
import { gru } from '../network/gru.ts';
import { linear, positionsAt } from '../network/layers.ts';
import { normal, type Scope } from '../network/scope.ts';
import { add, concatenate, gatherRows, matmul, multiply, reshape, sigmoid } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { Encoder } from './encoder.ts';

export interface NarmOptions {
  /** Dropout of the embeddings, and of the two encoders' states (section 3.1: .25 and .5). */
  readonly embeddingDropout: number;
  readonly stateDropout: number;
}

export function narm({ embeddingDropout, stateDropout }: NarmOptions): Encoder {
  const states = (scope: Scope, items: Tensor, table: Tensor): Tensor =>
    gru(scope, 'gru', scope.dropout(gatherRows(table, items), embeddingDropout), table.shape[1]);
  /**
   * The hidden states of m positions: their states `now` [B, m, d] among all `h` [B, l, d], past [1 or B, m,
   * l].
   */
  const attend = (scope: Scope, now: Tensor, h: Tensor, past: Tensor): Tensor => {
    const [B, m, d] = now.shape;
    const l = h.shape[1];
    const last = reshape(linear(scope, 'attention.last', now, d), [B, m, 1, d]);
    const each = reshape(linear(scope, 'attention.each', h, d), [B, 1, l, d]);
    const v = scope.parameter('attention.weights', [d, 1], normal(0.1));
    const alpha = reshape(matmul(sigmoid(add(last, each)), v), [B, m, l]);
    const local = matmul(multiply(alpha, past), h);
    return linear(scope, 'output', scope.dropout(concatenate([now, local], 2), stateDropout), d);
  };
  return {
    task: 'next item',
    hidden(scope, items, table) {
      const h = states(scope, items, table);
      return attend(scope, h, h, isPast(scope, items.shape[1]));
    },
    lastHidden(scope, items, table, _, last) {
      const h = states(scope, items, table);
      return attend(scope, positionsAt(h, last), h, positionsAt(isPast(scope, items.shape[1]), last));
    },
  };
}

/** 1 at a position itself and before it, 0 behind [1, l, l]. */
function isPast(scope: Scope, l: number): Tensor {
  const values = Float32Array.from({ length: l * l }, (_, i) => (i % l <= Math.floor(i / l) ? 1 : 0));
  return scope.graph.constant(values, [1, l, l]);
}
