// A language model with a category head, and what it says of texts: their hidden vectors and its distribution
// over the latent categories. Legend: n texts, B texts of a batch, L tokens, H hidden size, K categories.
import { type Scope, type Values, zeros } from '../../network/scope.ts';
import type { LoraConfig } from '../../network/transformer/lora.ts';
import type { Progress } from '../../progress.ts';
import { matmul, softmax, swapLast } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { type Architecture, hiddenStates } from '../architecture.ts';
import { createPooledReader, type PooledInputs } from './pooled-reader.ts';
import { type Pooling, pooled } from './pooling.ts';
import { checkTextsApart } from './texts-apart.ts';

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

export interface ReadTexts {
  /** Pooled last hidden states of each text [n, H]. */
  readonly hidden: Float32Array;
  /** The head's distribution over the categories [n, K]. */
  readonly distributions: Float32Array;
}

/** Runs the tuned model over texts, in batches of similar length. */
export async function readTexts(
  { values, ...tuned }: TunedModel,
  texts: readonly Int32Array[],
  { maxTokens, ...task }: { maxTokens: number; name: string; progress: Progress },
): Promise<ReadTexts> {
  const reader = createPooledReader(
    (scope, inputs) => {
      const { pooled, scores } = pooledHead(scope, tuned, inputs);
      return { hidden: pooled, distributions: softmax(scores) };
    },
    values,
    { maxTokens, pooling: tuned.pooling },
  );
  const read = await reader.read(texts, task);
  await reader.release();
  checkTextsApart(
    texts.map((tokens) => tokens.subarray(-maxTokens)),
    read.hidden,
    task.name,
  );
  return read;
}
