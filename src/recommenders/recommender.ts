// A sequential recommender on the engine: an encoder (one file each) between an item table and a tied softmax.
// Here is what all of them share: how they are trained, and how they rank the catalogue.
// Legend: N items, d width, B batch, L length, R real positions.
import { invariant, TslrecError } from '../errors.ts';
import { type EpochRecord, fit } from '../network/fit.ts';
import { buildModel, initialValues, type Model, parameterFeeds, type Scope, type Values } from '../network/scope.ts';
import { createTrainer } from '../network/trainer.ts';
import type { Progress } from '../progress.ts';
import { createRandom } from '../random.ts';
import { gatherRows, matmul, reshape, swapLast, takeRows, tiedCrossEntropy } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import { createSession } from '../tensor/session.ts';
import { type BatchShape, chooseBatchShape, historyBatches, trainingBatches, trainingWindows } from './batches.ts';
import { FROZEN_PARAMETERS, type ItemTable, itemTable, RESIDUAL, RESIDUAL_DECAY } from './item-table.ts';
import { rankingMetrics } from './metrics.ts';

/** items [B, L] and the item table [N, d] -> hidden states [B, L, d]; position i sees items up to i. */
export type Encoder = (scope: Scope, items: Tensor, table: Tensor) => Tensor;

export interface RecommenderOptions {
  readonly encoder: Encoder;
  readonly itemCount: number;
  readonly width: number;
  /** L: how many of the last items the model sees. */
  readonly length: number;
  /** Items that users may meet again [N], 1 or 0. A ranking leaves out the others for a user who already has them. */
  readonly repeatable: Uint8Array;
}

export interface TrainingOptions {
  readonly table: ItemTable;
  /** Windows in a step, at most ... */
  readonly batchSize: number;
  /** ... and real positions, at most about. */
  readonly positionsPerStep: number;
  /** The training ends with the epoch in which this many steps are done. */
  readonly steps: number;
  readonly patience: number;
  readonly learningRate: number;
  readonly weightDecay?: number;
  readonly seed: string | number;
  readonly checkpoint?: string;
  readonly progress: Progress;
  readonly name: string;
}

/** Histories and the item that came next; users without one are left out. */
export interface NextItems {
  readonly histories: readonly Int32Array[];
  readonly targets: Int32Array;
}

export interface TrainedRecommender {
  readonly values: Values;
  /** The item table that the model ended with [N, d], whatever it was made from. */
  readonly itemVectors: Float32Array;
  readonly bestEpoch: number;
  readonly history: readonly EpochRecord[];
}

/** Trains on next-item prediction with early stopping on NDCG@10 of `validation`, ranked as in `Ranker`. */
export async function trainRecommender(
  recommender: RecommenderOptions,
  sequences: readonly Int32Array[],
  validation: NextItems,
  options: TrainingOptions,
): Promise<TrainedRecommender> {
  const windows = trainingWindows(sequences, recommender.length);
  if (windows.length === 0 || recommender.itemCount < 2) {
    throw new TslrecError(
      'bad-data',
      `There is nothing to learn from: got ${recommender.itemCount} items and ${sequences.length} users, none with two training ` +
        'interactions; a user needs at least four (the last two are for validation and test), or exactly two.',
    );
  }
  const shape = chooseBatchShape(windows, options, recommender.length);
  const random = createRandom(options.seed);
  const model = trainingModel(recommender, options.table, shape);
  const trainer = await createTrainer([model], initialValues(model.parameters, random), {
    seed: `${options.seed}/dropout`,
    beta2: 0.98, // as in SASRec's own code
    weightDecay: (name) => (name === RESIDUAL ? RESIDUAL_DECAY : (options.weightDecay ?? 0)),
    trainable: (name) => !FROZEN_PARAMETERS.has(name),
  });
  const tabulate = await createTabulator(recommender, options.table);
  const ranker = await createRanker(recommender);
  const result = await fit({
    trainer,
    batches: (epoch) => trainingBatches(windows, shape, random.fork(`epoch/${epoch}`)),
    epochs: Math.ceil(options.steps / (windows.length / shape.batchSize)),
    patience: options.patience,
    learningRate: () => options.learningRate,
    evaluate: async (values) => {
      const ranks = await ranker.ranks(values, await tabulate.table(values), validation);
      return rankingMetrics(ranks)['ndcg@10'];
    },
    checkpoint: options.checkpoint,
    progress: options.progress,
    name: options.name,
  });
  const itemVectors = await tabulate.table(result.values);
  await Promise.all([trainer.release(), tabulate.release(), ranker.release()]);
  return { values: result.values, itemVectors, bestEpoch: result.bestEpoch, history: result.history };
}

/** The graph of a training step: its loss is the mean cross-entropy over the real positions. */
export function trainingModel(
  { encoder, itemCount, width }: Pick<RecommenderOptions, 'encoder' | 'itemCount' | 'width'>,
  table: ItemTable,
  { batchSize: B, length: L, positions: R }: BatchShape,
): Model<{ loss: Tensor }> {
  return buildModel('training', (scope) => {
    const { graph } = scope;
    const items = graph.input('items', [B, L], 'int32');
    const forward = graph.input('forward', [R], 'int32');
    const backward = graph.input('backward', [B * L], 'int32');
    const targets = graph.input('targets', [R], 'int32');
    const weights = graph.input('weights', [R]);
    const E = itemTable(scope, table, itemCount, width);
    const hidden = reshape(encoder(scope.within('encoder'), items, E), [B * L, width]);
    return { loss: tiedCrossEntropy(takeRows(hidden, forward, backward), E, targets, weights) };
  });
}

/** Computes the item table from a model's values. */
async function createTabulator(
  { itemCount, width }: Pick<RecommenderOptions, 'itemCount' | 'width'>,
  table: ItemTable,
) {
  const model = buildModel('inference', (scope) => itemTable(scope, table, itemCount, width));
  if (!('features' in table)) {
    const [{ name }] = model.parameters;
    return { table: async (values: Values) => values.get(name)!.values, release: async () => {} };
  }
  const session = await createSession(model.graph, { table: model.outputs });
  return {
    table: async (values: Values) => (await session.run(parameterFeeds(model.parameters, values))).table,
    release: () => session.release(),
  };
}

export interface Ranker {
  /**
   * Each target's rank in the catalogue, by score; among equal scores the lower index ranks higher. Items of the
   * user's history that are not repeatable are left out; a target among them is `NOT_RANKED`.
   */
  ranks(values: Values, itemVectors: Float32Array, next: NextItems): Promise<Int32Array>;
  release(): Promise<void>;
}

/** The rank of what was left out: below every cut-off. */
export const NOT_RANKED = 2 ** 31 - 1;

const RANKING_BATCH = 256;

export async function createRanker(options: RecommenderOptions): Promise<Ranker> {
  const { encoder, itemCount, width, length, repeatable } = options;
  const model = buildModel('inference', (scope) => {
    const items = scope.graph.input('items', [RANKING_BATCH, length], 'int32');
    const last = scope.graph.input('last', [RANKING_BATCH], 'int32');
    const E = scope.graph.input('table', [itemCount, width]);
    const hidden = reshape(encoder(scope.within('encoder'), items, E), [RANKING_BATCH * length, width]);
    return { scores: matmul(gatherRows(hidden, last), swapLast(E)) };
  });
  const session = await createSession(model.graph, model.outputs);
  const scores = new Float32Array(RANKING_BATCH * itemCount);
  return {
    async ranks(values, table, { histories, targets }) {
      const ranks = new Int32Array(targets.length);
      const parameters = parameterFeeds(model.parameters, values);
      let row = 0;
      for (const batch of historyBatches(histories, RANKING_BATCH, length)) {
        await session.run({ ...parameters, ...batch, table }, { scores });
        const rows = Math.min(RANKING_BATCH, targets.length - row);
        for (let b = 0; b < rows; b++, row++) {
          const ofUser = scores.subarray(b * itemCount, (b + 1) * itemCount);
          const leftOut = histories[row].filter((item) => !repeatable[item]);
          ranks[row] = rankOf(ofUser, targets[row], leftOut);
        }
      }
      return ranks;
    },
    release: () => session.release(),
  };
}

/** How many items rank above the target, those in `leftOut` not counted. Overwrites their scores. */
function rankOf(scores: Float32Array, target: number, leftOut: Int32Array): number {
  const score = scores[target];
  invariant(Number.isFinite(score), `item ${target} scores ${score}: the training diverged`);
  if (leftOut.includes(target)) return NOT_RANKED;
  for (const item of leftOut) scores[item] = Number.NEGATIVE_INFINITY;
  let rank = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i] > score || (scores[i] === score && i < target)) rank++;
  return rank;
}
