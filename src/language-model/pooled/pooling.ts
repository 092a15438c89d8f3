// How the hidden states of a text become one vector. Texts are padded behind.
// Legend: B texts, L tokens, H hidden size.
import {
  concatenate,
  isPositive,
  matmul,
  minimum,
  reshape,
  slice,
  subtract,
} from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';

/** The mean over all tokens, the first token (BERT's [CLS]), the last one. */
export const POOLINGS = ['mean', 'cls', 'lasttoken'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** pool [B, 1, L], hidden [B, L, H] -> [B, H]; zeros for a text without a token. */
export function pooled({ pool }: { readonly pool: Tensor }, hidden: Tensor, pooling: Pooling): Tensor {
  const [B, , H] = hidden.shape;
  return reshape(matmul(WEIGHTS[pooling](pool), hidden), [B, H]);
}

/** pool [B, 1, L], 1 / length at tokens and 0 behind -> the weights of the tokens [B, 1, L]. */
const WEIGHTS: Readonly<Record<Pooling, (pool: Tensor) => Tensor>> = {
  mean: (pool) => pool,
  cls(pool) {
    const [, , L] = pool.shape;
    const first = pool.graph.constant(
      Float32Array.from({ length: L }, (_, i) => (i === 0 ? 1 : 0)),
      [1, 1, L],
    );
    return minimum(isPositive(pool), first);
  },
  lasttoken(pool) {
    const real = isPositive(pool);
    const [, , L] = pool.shape;
    const none = subtract(slice(real, 2, 0, 1), slice(real, 2, 0, 1));
    const following = L === 1 ? none : concatenate([slice(real, 2, 1, L), none], 2);
    return subtract(real, following);
  },
};
