// Recommenders that judge one candidate at a time, given the user: a scorer (one file each) and a binary
// loss. They read the history in the candidate's light, so that a whole catalogue costs as many readings as
// it has items. Legend: N items, U users, d width, B samples, C candidates, L length.
//
// Deviations from one or another of their papers, the same for all:
// - items are their rows of the table, users theirs or their history: no category, shop, profile or context;
// - every interaction is a right answer, a repeated one again; wrong ones are drawn uniformly from what is
//   offered to the user, anew each epoch, and the loss is a mean over right answers, each with its wrong
//   ones;
// - Adam at a constant rate, without clipping or batch normalisation, and without L2 where models are
//   compared;
// - linear layers start from Glorot's normal distribution, tables from a normal one of 0.02, biases from 0.
import { TslrecError } from '../errors.ts';
import type { NextItems } from '../interactions/dataset.ts';
import { repeatedItems } from '../interactions/occurring-items.ts';
import { type Batches, batchOfEach, fit } from '../network/fit.ts';
import { buildModel, parameterFeeds, type Scope, type Values } from '../network/scope.ts';
import { createTrainer } from '../network/trainer.ts';
import { createRandom, type Random } from '../random.ts';
import { add, logSigmoid, multiply, reshape, slice, sum } from '../tensor/functions.ts';
import { BATCH, type Graph, type Tensor } from '../tensor/graph.ts';
import { createSession, type Feeds } from '../tensor/session.ts';
import { FROZEN_PARAMETERS, type ItemTable, itemTable } from './item-table.ts';
import { rankingMetrics } from './metrics.ts';
import { drawCandidates, lackedItems, rankAmong } from './ranking.ts';
import {
  epochsOf,
  type Queries,
  type Recommender,
  type RecommenderModel,
  startingValues,
  type TrainedRecommender,
  type TrainingOptions,
} from './recommender.ts';
import { historyBatch } from './training/batches.ts';
import { createNegativeSampler, type NegativeSampler } from './training/negatives.ts';

export interface CandidateInputs {
  /** [B] */
  readonly users: Tensor;
  /** The last L items, oldest first [B, L]; 0 behind. */
  readonly items: Tensor;
  /** 1 where there is an item, else 0 [B, L]. */
  readonly real: Tensor;
  /** [B, C] */
  readonly candidates: Tensor;
}

export interface CandidateScorer {
  /** Whether it reads `items`, `real` and `wrongItems`; otherwise a user is known by row alone. */
  readonly readsHistory: boolean;
  /** Wrong candidates for each right one in training. */
  readonly negatives: number;
  readonly samplesPerStep: number;
  /**
   * Logits [B, C] of the candidates, and in training a further loss. `wrongItems` [B, L] are negatives for
   * each position of the history, in training only.
   */
  judge(
    scope: Scope,
    inputs: CandidateInputs,
    table: Tensor,
    wrongItems?: Tensor,
  ): { readonly logits: Tensor; readonly loss?: Tensor };
}

export interface CandidateModel extends RecommenderModel {
  readonly takesItemTable: false;
  readonly isSeeded: true;
  readonly scorer: CandidateScorer;
  readonly userCount: number;
  readonly width: number;
  readonly length: number;
}

export const candidateModel = (
  settings: Omit<CandidateModel, 'takesItemTable' | 'isSeeded' | 'train'>,
): CandidateModel => ({
  ...settings,
  takesItemTable: false,
  isSeeded: true,
  train(sequences, options) {
    return trainCandidateModel(this, sequences, options);
  },
});

/** What a user was offered and took: the item at `position` of `sequence`. */
interface Sample {
  readonly user: number;
  readonly sequence: Int32Array;
  readonly position: number;
}

/**
 * Early stopping asks for the right item among this many, since the whole catalogue takes too long every
 * epoch.
 */
const VALIDATION_NEGATIVES = 100;

export async function trainCandidateModel(
  model: CandidateModel,
  sequences: readonly Int32Array[],
  options: TrainingOptions,
): Promise<TrainedRecommender> {
  const { scorer, itemCount } = model;
  const { stopping } = options;
  const samples = samplesOf(sequences, scorer.readsHistory);
  if (samples.length === 0 || itemCount < 2) {
    throw new TslrecError(
      'bad-data',
      `There is nothing to learn from: got ${itemCount} items and ${sequences.length} users with ` +
        `${samples.length} samples; the catalogue needs two items, and some user two training interactions.`,
    );
  }
  const asked = stopping.kind === 'early' ? validationQuestions(stopping.validation, itemCount) : undefined;
  const B = Math.min(scorer.samplesPerStep, samples.length);
  const random = createRandom(options.seed);
  const training = trainingModel(model, options.table, B);
  const trainer = await createTrainer([training], startingValues(training.parameters, random, options), {
    seed: `${options.seed}/dropout`,
    weightDecay: options.weightDecay ?? 0,
    trainable: (name) => !FROZEN_PARAMETERS.has(name),
  });
  const recommender = await createCandidateRecommender(model, options.table);
  const negatives = createNegativeSampler({ itemCount, repeatable: repeatedItems(sequences, itemCount) });
  const result = await fit({
    trainer,
    batches: (epoch) => trainingBatches(model, samples, B, negatives, random.fork(`epoch/${epoch}`)),
    ...epochsOf(stopping, samples.length / B),
    learningRate: () => options.learningRate,
    evaluate: asked
      ? async (values) => {
          recommender.load(values);
          return rankingMetrics(await rankAmong(recommender, model, asked.next, asked.candidates))['ndcg@10'];
        }
      : undefined,
    checkpoint: options.checkpoint,
    progress: options.progress,
    name: options.name,
  });
  await trainer.release();
  recommender.load(result.values);
  const { bestEpoch, history, values } = result;
  return { recommender, values, bestEpoch, history, validatedAmong: asked?.among };
}

export function samplesOf(sequences: readonly Int32Array[], readsHistory: boolean): Sample[] {
  const first = readsHistory ? 1 : 0;
  return sequences.flatMap((sequence, user) =>
    Array.from(sequence.keys())
      .slice(first)
      .map((position) => ({ user, sequence, position })),
  );
}

/**
 * What early stopping asks: as many wrong items of each user as nine users in ten lack, at most
 * VALIDATION_NEGATIVES; the users who lack fewer are not asked.
 */
function validationQuestions(
  all: NextItems,
  itemCount: number,
): { readonly next: NextItems; readonly candidates: Int32Array; readonly among: number } {
  const { users, histories, targets } = all;
  const lacked = lackedItems(all, itemCount);
  const ofNineInTen = lacked.toSorted((a, b) => a - b)[Math.floor(lacked.length / 10)];
  const among = Math.max(1, Math.min(VALIDATION_NEGATIVES, ofNineInTen));
  const asked = Array.from(targets.keys()).filter((row) => lacked[row] >= among);
  const next: NextItems = {
    users: Int32Array.from(asked, (row) => users[row]),
    histories: asked.map((row) => histories[row]),
    targets: Int32Array.from(asked, (row) => targets[row]),
  };
  return { next, candidates: drawCandidates(next, itemCount, among, 'validation candidates'), among };
}

function queryInputs(graph: Graph, B: number, L: number, C: number): CandidateInputs {
  return {
    users: graph.input('users', [B], 'int32'),
    items: graph.input('items', [B, L], 'int32'),
    real: graph.input('real', [B, L]),
    candidates: graph.input('candidates', [B, C], 'int32'),
  };
}

function queryFeeds({ readsHistory }: CandidateScorer, { users, histories }: Queries, L: number): Feeds {
  if (!readsHistory) return { users };
  const real = new Float32Array(histories.length * L);
  histories.forEach((history, b) => {
    real.fill(1, b * L, b * L + Math.min(history.length, L));
  });
  return { users, real, items: historyBatch(histories, L).items };
}

/** Loss: the mean over samples of -log sigmoid(right logit) - sum log sigmoid(-wrong logit). */
export function trainingModel(
  { scorer, itemCount, width, length }: Pick<CandidateModel, 'scorer' | 'itemCount' | 'width' | 'length'>,
  table: ItemTable,
  B: number,
) {
  return buildModel('training', (scope) => {
    const C = 1 + scorer.negatives;
    const inputs = queryInputs(scope.graph, B, length, C);
    const weights = scope.graph.input('weights', [B]);
    const wrongItems = scope.graph.input('wrong', [B, length], 'int32');
    const E = itemTable(scope, table, itemCount, width);
    const { logits, loss } = scorer.judge(scope.within('scorer'), inputs, E, wrongItems);
    const right = logSigmoid(slice(logits, 1, 0, 1));
    const wrong = sum(logSigmoid(multiply(slice(logits, 1, 1, C), -1)), [1], true);
    const judged = multiply(sum(multiply(reshape(add(right, wrong), [B]), weights)), -1);
    return { loss: loss ? add(judged, loss) : judged };
  });
}

/**
 * All samples once, in a random order, each with fresh negatives; a short last batch is filled up with
 * nothing.
 */
export function trainingBatches(
  { scorer, length: L }: Pick<CandidateModel, 'scorer' | 'length'>,
  samples: readonly Sample[],
  B: number,
  negatives: NegativeSampler,
  random: Random,
): Batches {
  const order = random.shuffle(Array.from(samples.keys()));
  const starts = Array.from({ length: Math.ceil(order.length / B) }, (_, step) => step * B);
  const C = 1 + scorer.negatives;
  return batchOfEach(starts, (start) => {
    const taken = order.slice(start, start + B).map((row) => samples[row]);
    const candidates = new Int32Array(B * C);
    const weights = new Float32Array(B);
    const wrong = new Int32Array(B * L);
    taken.forEach(({ sequence, position }, b) => {
      weights[b] = 1 / taken.length;
      candidates[b * C] = sequence[position];
      for (let c = b * C + 1; c < (b + 1) * C; c++) candidates[c] = negatives.notOf(sequence, random);
      const shown = scorer.readsHistory ? Math.min(position, L) : 0;
      for (let i = b * L; i < b * L + shown; i++) wrong[i] = negatives.notOf(sequence, random);
    });
    const queries = {
      users: Int32Array.from({ length: B }, (_, b) => taken[b]?.user ?? 0),
      histories: Array.from(
        { length: B },
        (_, b) => taken[b]?.sequence.subarray(0, taken[b].position) ?? new Int32Array(),
      ),
    };
    return { ...queryFeeds(scorer, queries, L), candidates, weights, ...(scorer.readsHistory && { wrong }) };
  });
}

const CANDIDATES_AT_ONCE = 64;
/** Most floats of one [queries, candidates, L, d] intermediate. */
const FLOATS_AT_ONCE = 2 ** 23;

interface LoadedRecommender extends Recommender {
  load(values: Values): void;
}

/** Scores by whatever values are loaded. */
export async function createCandidateRecommender(
  model: Pick<CandidateModel, 'scorer' | 'itemCount' | 'width' | 'length'>,
  table: ItemTable,
): Promise<LoadedRecommender> {
  const { scorer, itemCount: N, width, length: L } = model;
  const C = CANDIDATES_AT_ONCE;
  const scoring = buildModel('inference', (scope) => {
    const inputs = queryInputs(scope.graph, BATCH, L, C);
    const E = itemTable(scope, table, N, width);
    return { logits: scorer.judge(scope.within('scorer'), inputs, E).logits };
  });
  const session = await createSession(scoring.graph, scoring.outputs);
  const atOnce = Math.max(1, Math.floor(FLOATS_AT_ONCE / (C * (scorer.readsHistory ? L : 1) * width)));
  const catalogue = Int32Array.from({ length: N }, (_, item) => item);
  let parameters: Record<string, Float32Array> = {};
  return {
    load(values) {
      parameters = parameterFeeds(scoring.parameters, values);
    },
    async score({ users, histories }, candidates) {
      const n = histories.length;
      const width = candidates ? candidates.length / n : N;
      const scores = new Float32Array(n * width);
      for (let from = 0; from < n; from += atOnce) {
        const part = {
          users: users.subarray(from, from + atOnce),
          histories: histories.slice(from, from + atOnce),
        };
        const feeds = { ...parameters, ...queryFeeds(scorer, part, L) };
        for (let column = 0; column < width; column += C) {
          const asked = new Int32Array(part.histories.length * C);
          const taken = Math.min(C, width - column);
          part.histories.forEach((_, b) => {
            const row = candidates
              ? candidates.subarray((from + b) * width, (from + b + 1) * width)
              : catalogue;
            asked.set(row.subarray(column, column + taken), b * C);
          });
          const { logits } = await session.run({ ...feeds, candidates: asked });
          part.histories.forEach((_, b) => {
            scores.set(logits.subarray(b * C, b * C + taken), (from + b) * width + column);
          });
        }
      }
      return scores;
    },
    release: () => session.release(),
  };
}
