// What the evaluation asks of every recommender, whether it was trained or counted.
import type { NextItems } from '../interactions/dataset.ts';
import type { EpochRecord } from '../network/fit.ts';
import type { Values } from '../network/scope.ts';
import type { Progress } from '../progress.ts';
import type { ItemTable } from './item-table.ts';

/** Users, and what is known of each. */
export type Queries = Pick<NextItems, 'users' | 'histories'>;

export interface Recommender {
  /**
   * Scores of the whole catalogue [queries, N], or of each query's own candidates [queries, C]; a higher one
   * ranks before a lower one. The array may be used again by the next call.
   */
  score(queries: Queries, candidates?: Int32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** scores [n, N], candidates [n, C] -> the candidates' scores [n, C]. */
export function pickCandidates(scores: Float32Array, candidates: Int32Array, N: number): Float32Array {
  const C = (candidates.length * N) / scores.length;
  return Float32Array.from(candidates, (item, i) => scores[Math.floor(i / C) * N + item]);
}

/**
 * A recommender may stand still for so many steps before it learns. Of 500 users an epoch is four, and five
 * epochs of patience ended SASRec at a validation NDCG@10 of .129 that goes on to .342 (docs/LOG.md,
 * "Patience in steps").
 */
export const PATIENT_STEPS = 100;

export interface TrainingOptions {
  readonly table: ItemTable;
  /** Windows in a step, at most (models that judge candidates have a number of samples of their own) ... */
  readonly batchSize: number;
  /** ... and real positions, at most about. */
  readonly positionsPerStep: number;
  /**
   * The training ends with the epoch in which this many steps are done, counted in batches of average
   * windows.
   */
  readonly steps: number;
  /** Epochs without a better validation before it ends, and PATIENT_STEPS where these are more. */
  readonly patience: number;
  readonly learningRate: number;
  readonly weightDecay?: number;
  readonly seed: string | number;
  readonly checkpoint?: string;
  readonly progress: Progress;
  readonly name: string;
}

export interface TrainedRecommender {
  /** Ranks by the best epoch's values; to be released by the caller. */
  readonly recommender: Recommender;
  readonly values: Values;
  readonly bestEpoch: number;
  /**
   * By epoch; its metric is NDCG@10 in the whole catalogue, or among as many sampled items as
   * `validatedAmong` says.
   */
  readonly history: readonly EpochRecord[];
  readonly validatedAmong?: number;
}
