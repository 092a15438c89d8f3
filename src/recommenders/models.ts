// Every recommender by name, with the settings of its paper or, where the data decide, what was chosen on
// validation (docs/LOG.md). Which ones take item vectors to start from.
import { bert4rec } from './bert4rec.ts';
import { type CandidateModel, type CandidateScorer, candidateModel } from './candidate-model.ts';
import { core } from './core.ts';
import type { DataProfile } from './data-profile.ts';
import { dien } from './dien.ts';
import { din } from './din.ts';
import type { Encoder } from './encoder.ts';
import { gru4rec } from './gru4rec.ts';
import { itemKnn } from './item-knn.ts';
import { mostPopular } from './most-popular.ts';
import { narm } from './narm.ts';
import { ncf } from './ncf.ts';
import type { Recommender, RecommenderModel } from './recommender.ts';
import { sasrec } from './sasrec.ts';
import { type SequenceModel, sequenceModel } from './sequence-model.ts';
import type { Loss } from './training/losses.ts';
import { itemPrediction } from './training/objective.ts';

const CROSS_ENTROPY: Loss = { kind: 'cross-entropy' };

/** d: the width of the item table. */
type Definition = (data: DataProfile, d: number) => RecommenderModel;

/** Knows what data it is made for, so that another thread can make it again. */
export type ProfiledSequenceModel = SequenceModel & DataProfile;

const sequence =
  (
    encoderFor: (data: DataProfile) => Encoder,
    loss: Loss = CROSS_ENTROPY,
  ): ((data: DataProfile, d: number) => ProfiledSequenceModel) =>
  (data, width) => ({
    ...data,
    ...sequenceModel({
      ...data,
      encoder: encoderFor(data),
      objective: itemPrediction(withinCatalogue(loss, data)),
      width,
    }),
  });
/** A small catalogue has fewer negatives than a loss may ask for. */
const withinCatalogue = (loss: Loss, { itemCount }: DataProfile): Loss =>
  loss.kind === 'cross-entropy'
    ? loss
    : { ...loss, negatives: Math.max(1, Math.min(loss.negatives, itemCount - 1)) };
const candidate =
  (scorerFor: (data: DataProfile) => CandidateScorer): ((data: DataProfile, d: number) => CandidateModel) =>
  (data, width) =>
    candidateModel({ ...data, scorer: scorerFor(data), width });
/** There is nothing to train. */
const counted =
  (count: (sequences: readonly Int32Array[], itemCount: number) => Recommender): Definition =>
  (data) => ({
    ...data,
    takesItemTable: false,
    isSeeded: false,
    train: async (sequences) => ({
      recommender: count(sequences, data.itemCount),
      values: new Map(),
      bestEpoch: -1,
      history: [],
    }),
  });

/**
 * 0.2 on dense data and 0.5 on sparse data, as SASRec's authors chose it (section IV-D: MovieLens; Amazon and
 * Steam).
 */
const dropoutFor = ({ isDense }: DataProfile) => (isDense ? 0.2 : 0.5);
const sasrecFor = (data: DataProfile) =>
  sasrec({ blocks: 2, heads: 1, feedForward: 2, dropout: dropoutFor(data) });
const gru4recFor = (data: DataProfile) => gru4rec({ layers: 1, hidden: 128, dropout: dropoutFor(data) });

/** SASRec by cross-entropy: what item vectors are learnt with. */
export const sasrecModel = sequence(sasrecFor);

/** Those that read a history and score the whole catalogue: what has an item table to start from. */
export const SEQUENCE_MODELS = {
  sasrec: sasrecModel,
  'sasrec-bce': sequence(sasrecFor, { kind: 'bce', negatives: 1 }),
  'sasrec-gbce': sequence(sasrecFor, { kind: 'gbce', negatives: 256, calibration: 0.75 }),
  gru4rec: sequence(gru4recFor),
  'gru4rec-bpr-max': sequence(gru4recFor, { kind: 'bpr-max', negatives: 512, regularisation: 1 }),
  bert4rec: sequence((data) =>
    bert4rec({
      blocks: 2,
      heads: 2,
      feedForward: 4,
      dropout: dropoutFor(data),
      maskedShare: data.isDense ? 0.2 : 0.6,
    }),
  ),
  narm: sequence(() => narm({ embeddingDropout: 0.25, stateDropout: 0.5 })),
  core: sequence((data) =>
    core({
      blocks: 2,
      heads: 2,
      feedForward: 4,
      dropout: dropoutFor(data),
      itemDropout: 0.2,
      temperature: 0.07,
    }),
  ),
} satisfies Record<string, (data: DataProfile, d: number) => SequenceModel>;

export const MODELS = {
  ...SEQUENCE_MODELS,
  ncf: candidate(({ userCount }) => ncf({ userCount, layers: [64, 32, 16], dropout: 0.1 })),
  din: candidate(() => din({ activation: 36, layers: [200, 80], dropout: 0.2 })),
  dien: candidate(() => dien({ layers: [200, 80], dropout: 0.2, auxiliary: 1 })),
  popular: counted(mostPopular),
  'item-knn': counted((sequences, itemCount) =>
    itemKnn(sequences, itemCount, { neighbors: 100, shrinkage: 10, decay: 0.8 }),
  ),
} satisfies Record<string, Definition>;

export type SequenceModelName = keyof typeof SEQUENCE_MODELS;
export const SEQUENCE_MODEL_NAMES = Object.keys(SEQUENCE_MODELS) as SequenceModelName[];
export type ModelName = keyof typeof MODELS;
export const MODEL_NAMES = Object.keys(MODELS) as ModelName[];
