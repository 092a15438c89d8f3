// What the evaluation asks of every recommender, whether it is trained or counts, and how one is trained.
import type { NextItems } from '../interactions/dataset.ts';
import type { EpochRecord, FitOptions } from '../network/fit.ts';
import { initialValues, type Parameter, type Values } from '../network/scope.ts';
import type { Progress } from '../progress.ts';
import type { Random } from '../random.ts';
import { FROZEN_PARAMETERS, type ItemTable } from './item-table.ts';

/** What may be recommended. */
export interface Offer {
  readonly itemCount: number;
  /**
   * Items that users may meet again [N], 1 or 0. The others are not ranked for a user who already has them.
   */
  readonly repeatable: Uint8Array;
}

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

/** A recommender before it has learnt anything. */
export interface RecommenderModel extends Offer {
  /** Whether it may start from item vectors, as sequence models do. */
  readonly takesItemTable: boolean;
  /** Whether it learns something else from another seed: what only counts does not. */
  readonly isSeeded: boolean;
  train(sequences: readonly Int32Array[], options: TrainingOptions): Promise<TrainedRecommender>;
}

/** When a training ends, and whose values it gives. */
export type Stopping =
  /** When validation does not get better any more; the best epoch's values. */
  | EarlyStopping
  /** After so many epochs, as many as another training has chosen, without a validation; the last one's. */
  | { readonly kind: 'epochs'; readonly epochs: number };

export interface EarlyStopping extends Patience {
  readonly kind: 'early';
  readonly validation: NextItems;
}

export interface Patience {
  /**
   * The training ends with the epoch in which this many steps are done, counted in batches of average
   * windows.
   */
  readonly steps: number;
  /** Epochs without a better validation before it ends, and PATIENT_STEPS where these are more. */
  readonly patience: number;
}

/**
 * A recommender may stand still for so many steps before it learns. Of 500 users an epoch is four, and five
 * epochs of patience ended SASRec at a validation NDCG@10 of .129 that goes on to .342 (docs/LOG.md,
 * "Patience in steps").
 */
export const PATIENT_STEPS = 100;

/** How long `fit` goes on, with so many average batches an epoch. */
export const epochsOf = (
  stopping: Stopping,
  batches: number,
): Pick<FitOptions, 'epochs' | 'patience' | 'patientSteps'> =>
  stopping.kind === 'epochs'
    ? { epochs: stopping.epochs }
    : {
        epochs: Math.ceil(stopping.steps / batches),
        patience: stopping.patience,
        patientSteps: PATIENT_STEPS,
      };

export interface TrainingOptions {
  readonly table: ItemTable;
  /** Windows in a step, at most (models that judge candidates have a number of samples of their own) ... */
  readonly batchSize: number;
  /** ... and real positions, at most about. */
  readonly positionsPerStep: number;
  readonly stopping: Stopping;
  readonly learningRate: number;
  readonly weightDecay?: number;
  /**
   * Values of an earlier training to go on from, by parameter; what is not among them starts fresh, and what
   * does not learn is always the table's.
   */
  readonly start?: Values;
  readonly seed: string | number;
  readonly checkpoint?: string;
  readonly progress: Progress;
  readonly name: string;
}

/** What a training begins with. */
export function startingValues(
  parameters: readonly Parameter[],
  random: Random,
  { start = new Map() }: Pick<TrainingOptions, 'start'>,
): Values {
  const values = initialValues(parameters, random);
  for (const [name, { shape, values: given }] of start) {
    const fresh = values.get(name);
    if (String(fresh?.shape) !== String(shape)) {
      throw new Error(
        `internal: got [${shape}] to start ${name} from, which ` +
          `${fresh ? `is [${fresh.shape}]` : 'is no parameter of this model'}`,
      );
    }
    if (!FROZEN_PARAMETERS.has(name)) values.set(name, { shape, values: given });
  }
  return values;
}

export interface TrainedRecommender {
  /** Ranks by `values`; to be released by the caller. */
  readonly recommender: Recommender;
  /** Of the best epoch, or of the last one where nothing is validated. */
  readonly values: Values;
  readonly bestEpoch: number;
  /**
   * By epoch; its metric is NDCG@10 in the whole catalogue, or among as many sampled items as
   * `validatedAmong` says.
   */
  readonly history: readonly EpochRecord[];
  readonly validatedAmong?: number;
}
