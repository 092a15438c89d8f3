// A language model with a category head: its graph from tokens to hidden vectors and scores of the latent
// categories. Legend: B texts of a batch, H hidden size, K categories.
import { type Scope, type Values, zeros } from '../../network/scope.ts';
import type { LoraConfig } from '../../network/transformer/lora.ts';
import { matmul, swapLast } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { type Architecture, hiddenStates } from '../architecture.ts';
import type { PooledInputs } from './pooled-reader.ts';
import { type Pooling, pooled } from './pooling.ts';

/** A language model with its category head: base weights, adapter and head, by name. */
export interface TunedModel {
  readonly architecture: Architecture;
  readonly lora: LoraConfig;
  /** How a text's hidden states become the vector that the head reads. */
  readonly pooling: Pooling;
  readonly categoryCount: number;
  readonly values: Values;
}

export const HEAD = 'score.weight';

export interface PooledHead {
  /** The last hidden states as one vector a text [B, H]. */
  readonly pooled: Tensor;
  /** Scores of the categories [B, K]. */
  readonly scores: Tensor;
}

/** The last hidden states, pooled, and the head on them. */
export function pooledHead(
  scope: Scope,
  { architecture, lora, pooling, categoryCount: K }: Omit<TunedModel, 'values'>,
  inputs: PooledInputs,
): PooledHead {
  const vectors = pooled(inputs, hiddenStates(scope, architecture, inputs, lora), pooling);
  return { pooled: vectors, scores: categoryScores(scope, vectors, K) };
}

/** pooled [B, H] -> scores of the categories [B, K]. */
export function categoryScores(scope: Scope, pooled: Tensor, K: number): Tensor {
  return matmul(pooled, swapLast(scope.parameter(HEAD, [K, pooled.shape[1]], zeros)));
}
