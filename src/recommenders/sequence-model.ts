// Recommenders that read a history and compare what they made of it with every item: an encoder (one file
// each) between the item table and an objective (training/objective.ts). Here is what all of them share: how
// they are trained, and how they score the catalogue. Legend: N items, d width, B batch, L length, P places
// for items in a batch, R positions with a target.
//
// Deviations from one or another of their papers, the same for all:
// - all of a history is learnt from, in windows of L that know nothing of each other (batches.ts), each once
//   an epoch;
// - the loss is cross-entropy over the whole catalogue where models.ts names no other;
// - Adam with beta2 0.98 at a constant rate, without warm-up or clipping, and without L2 where models are
//   compared;
// - linear layers start from Glorot's normal distribution, tables from a normal one of 0.02, biases from 0.
import { TslrecError } from '../errors.ts';
import { batchOfEach, fit } from '../network/fit.ts';
import { positionsAt } from '../network/layers.ts';
import { buildModel, type Model, parameterFeeds, type Scope, type Values } from '../network/scope.ts';
import { createTrainer } from '../network/trainer.ts';
import { createRandom } from '../random.ts';
import { concatenate, matmul, reshape, slice, swapLast, takeRows } from '../tensor/functions.ts';
import { BATCH, type Tensor } from '../tensor/graph.ts';
import { createSession, type Session } from '../tensor/session.ts';
import { comparedTable, type Encoder } from './encoder.ts';
import { createTabulator, FROZEN_PARAMETERS, type ItemTable, itemTable } from './item-table.ts';
import { rankingMetrics } from './metrics.ts';
import { rankInCatalogue } from './ranking.ts';
import {
  epochsOf,
  pickCandidates,
  type Recommender,
  type RecommenderModel,
  startingValues,
  type TrainedRecommender,
  type TrainingOptions,
} from './recommender.ts';
import {
  type BatchShape,
  batchSizeOf,
  chooseBatchShape,
  fillBatch,
  historyBatch,
  packWindows,
  placesOf,
} from './training/batches.ts';
import { maskToken, paddingToken } from './training/masked-windows.ts';
import type { Objective, TrainingStep } from './training/objective.ts';

export interface SequenceModel extends RecommenderModel {
  readonly takesItemTable: true;
  readonly encoder: Encoder;
  readonly objective: Objective;
  readonly width: number;
  /** L: how many of the last items the model sees. */
  readonly length: number;
  train(sequences: readonly Int32Array[], options: TrainingOptions): Promise<TrainedSequenceModel>;
}

export const sequenceModel = (
  settings: Omit<SequenceModel, 'takesItemTable' | 'isSeeded' | 'train'>,
): SequenceModel => ({
  ...settings,
  takesItemTable: true,
  isSeeded: true,
  train(sequences, options) {
    return trainSequenceModel(this, sequences, options);
  },
});

export interface TrainedSequenceModel extends TrainedRecommender {
  /** The item table that the model ended with [N, d], whatever it was made from. */
  readonly itemVectors: Float32Array;
}

/**
 * Refuses histories that nothing can be learnt from. Jobs call it before long work, too.
 */
export function checkLearnable(sequences: readonly Int32Array[]): void {
  if (!sequences.some((sequence) => sequence.length > 1)) {
    throw new TslrecError(
      'bad-data',
      `There is nothing to learn from: of ${sequences.length} users none has two training interactions; ` +
        'some user needs four in all, of which leave-one-out keeps the last two for validation and test, ' +
        'or two before the point in time.',
    );
  }
  const [first] = sequences.find((sequence) => sequence.length > 0)!;
  if (sequences.some((sequence) => sequence.some((item) => item !== first))) return;
  throw new TslrecError(
    'bad-data',
    'There is nothing to choose from: got training histories of one item alone; they need two or more.',
  );
}

/** Early stopping asks for NDCG@10 in the whole catalogue. */
export async function trainSequenceModel(
  model: SequenceModel,
  sequences: readonly Int32Array[],
  options: TrainingOptions,
): Promise<TrainedSequenceModel> {
  checkLearnable(sequences);
  const { stopping } = options;
  const { windows, padding, feeds } = model.objective.examples(sequences, model);
  const shape = chooseBatchShape(windows, options);
  const random = createRandom(options.seed);
  const training = trainingModel(model, options.table, shape);
  const trainer = await createTrainer([training], startingValues(training.parameters, random, options), {
    seed: `${options.seed}/dropout`,
    beta2: 0.98, // as in SASRec's own code
    weightDecay: options.weightDecay,
    trainable: (name) => !FROZEN_PARAMETERS.has(name),
  });
  const scorer = await createScorer(model, options.table);
  const result = await fit({
    trainer,
    batches: (epoch) => {
      const ofEpoch = random.fork(`epoch/${epoch}`);
      const feedsOf = feeds(shape, ofEpoch);
      return batchOfEach(Array.from(packWindows(windows, shape, ofEpoch)), (taken) => {
        const rows = taken.map((window) => window.row(ofEpoch));
        return { ...fillBatch(rows, shape, padding), ...feedsOf(taken) };
      });
    },
    ...epochsOf(stopping, windows.length / batchSizeOf(shape)),
    learningRate: () => options.learningRate,
    evaluate:
      stopping.kind === 'early'
        ? async (values) => {
            await scorer.load(values);
            const ranks = await rankInCatalogue(scorer, model, stopping.validation);
            return rankingMetrics(ranks)['ndcg@10'];
          }
        : undefined,
    checkpoint: options.checkpoint,
    progress: options.progress,
    name: options.name,
  });
  await trainer.release();
  const itemVectors = await scorer.load(result.values);
  return {
    recommender: scorer,
    values: result.values,
    itemVectors,
    bestEpoch: result.bestEpoch,
    history: result.history,
  };
}

/** The graph of a training step: its loss is the objective's. */
export function trainingModel(
  model: Pick<SequenceModel, 'encoder' | 'objective' | 'itemCount' | 'width' | 'length'>,
  table: ItemTable,
  shape: BatchShape,
): Model<{ loss: Tensor }> {
  const [P, R] = [placesOf(shape), shape.positions];
  return buildModel('training', (scope) => {
    const { graph } = scope;
    const items = graph.input('items', [P], 'int32');
    const forward = graph.input('forward', [R], 'int32');
    const backward = graph.input('backward', [P], 'int32');
    const encoderScope = scope.within('encoder');
    const step: TrainingStep = {
      model,
      encoderScope,
      table: itemTable(scope, table, model.itemCount, model.width),
      positions: R,
      atTargets(encode) {
        const encoded = shape.buckets.map(({ rows, length: l }, i) => {
          const place = placesOf({ buckets: shape.buckets.slice(0, i) });
          const bucket = reshape(slice(items, 0, place, place + rows * l), [rows, l]);
          const states = encode(i === 0 ? encoderScope : encoderScope.again(), bucket);
          return reshape(states, [rows * l, states.shape[2]]);
        });
        return takeRows(concatenate(encoded, 0), forward, backward);
      },
    };
    return { loss: model.objective.loss(scope.within('objective'), step) };
  });
}

/** items [batch, l] and last [batch] (see HistoryBatch), table [N, d] -> scores [batch, N], for l up to L. */
export function scoresOf(
  scope: Scope,
  { encoder, width, length }: Pick<SequenceModel, 'encoder' | 'width' | 'length'>,
  items: Tensor,
  last: Tensor,
  E: Tensor,
): Tensor {
  const own = scope.within('encoder');
  const hidden =
    encoder.lastHidden?.(own, items, E, length, last) ??
    positionsAt(encoder.hidden(own, items, E, length), last);
  return matmul(reshape(hidden, [items.shape[0], width]), swapLast(comparedTable(encoder, own, E)));
}

function scoringModel(model: SequenceModel, l: number): Model<{ scores: Tensor }> {
  return buildModel('inference', (scope) => {
    const items = scope.graph.input('items', [BATCH, l], 'int32');
    const last = scope.graph.input('last', [BATCH], 'int32');
    return {
      scores: scoresOf(scope, model, items, last, scope.graph.input('table', [model.itemCount, model.width])),
    };
  });
}

interface Scorer extends Recommender {
  /** Scores by these values from now on; gives their item table [N, d]. */
  load(values: Values): Promise<Float32Array>;
}

/** Short histories are scored by graphs of a quarter, a half or three quarters of L. */
const LENGTHS = 4;

/** Scores by whatever values are loaded; `startTable` says how these make the item table. */
export async function createScorer(model: SequenceModel, startTable: ItemTable): Promise<Scorer> {
  const tabulator = await createTabulator(startTable, model.itemCount, model.width);
  const graphs = new Map<number, { model: Model<{ scores: Tensor }>; session: Session }>();
  const graphFor = async (l: number) => {
    let graph = graphs.get(l);
    if (!graph) {
      const scoring = scoringModel(model, l);
      graph = { model: scoring, session: await createSession(scoring.graph, scoring.outputs) };
      graphs.set(l, graph);
    }
    return graph;
  };
  const isMasked = model.encoder.task !== 'next item';
  const mask = isMasked ? [maskToken(model.itemCount)] : [];
  const padding = isMasked ? paddingToken(model.itemCount) : 0;
  let values: Values = new Map();
  let table: Float32Array = new Float32Array();
  let scores = new Float32Array();
  return {
    async load(newValues) {
      values = newValues;
      table = await tabulator.table(values);
      return table;
    },
    async score({ histories }, candidates) {
      const longest = histories.reduce((most, history) => Math.max(most, history.length + mask.length), 1);
      const quarter = Math.ceil(model.length / LENGTHS);
      const l = Math.min(model.length, Math.ceil(longest / quarter) * quarter);
      const { model: scoring, session } = await graphFor(l);
      const feeds = {
        ...parameterFeeds(scoring.parameters, values),
        ...historyBatch(histories, l, padding, mask),
      };
      const size = histories.length * model.itemCount;
      if (scores.length < size) scores = new Float32Array(size);
      const all = scores.subarray(0, size);
      await session.run({ ...feeds, table }, { scores: all });
      return candidates ? pickCandidates(all, candidates, model.itemCount) : all;
    },
    release: async () => {
      await Promise.all([
        tabulator.release(),
        ...Array.from(graphs.values(), ({ session }) => session.release()),
      ]);
    },
  };
}
