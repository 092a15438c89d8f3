// The flow: from who did what to enhanced item embeddings, one line a stage. Every stage leaves its output in
// the work folder, so that a killed run continues at the first stage that has none.

import { NO_CATEGORY } from '../src/categories/k-means.ts';
import { LANGUAGE_MODEL_BLOCK } from '../src/embeddings/item-encoder.ts';
import type { ExternalModel } from '../src/language-model/external/external-model.ts';
import { checkTrainedOn } from '../src/language-model/external/trained-on.ts';
import type { AdaptationBefore, Before } from './before.ts';
import { type Learning, learningOnAll } from './experiment.ts';
import { matrix } from './stage.ts';
import { type Augmented, augment, type KeyedBlock } from './stages/augment.ts';
import { type Categories, categorisation, categorise } from './stages/categorise.ts';
import { readBefore } from './stages/infer.ts';
import { instruct, instruction, type Samples } from './stages/instruct.ts';
import {
  type PretrainedRecommender,
  pretraining,
  pretrainRecommender,
} from './stages/pretrain-recommender.ts';
import { type CatalogueReading, readCatalogue } from './stages/read-catalogue.ts';
import { givenVectors, type SrsEmbeddings, srsEmbeddings } from './stages/srs-embeddings.ts';
import { type TextFeatures, textFeatures } from './stages/text-features.ts';

/** What somebody gives, in place of what is trained here. */
export interface Given {
  readonly srs?: SrsEmbeddings;
  readonly languageModel?: ExternalModel;
}

export interface LearntSamples {
  readonly recommender: PretrainedRecommender;
  readonly categories: Categories;
  readonly samples: Samples;
}

/** The first half, which fine-tuning elsewhere shares: one SFT sample a user. */
export async function learnSamples(
  learning: Learning,
  { srs }: Given,
  before?: Before,
): Promise<LearntSamples> {
  // What people do: a recommender learns from the interactions alone, or somebody's own has learnt before.
  const recommender = srs
    ? await srsEmbeddings(learning, srs)
    : await pretrainRecommender(learning, before?.recommender);
  // Its item vectors fall into latent categories; each user becomes a distribution over them.
  const categories = await categorise(learning, recommender, before?.categories);
  // One SFT sample a user: what the user chose, in words, and the distribution to infer from it.
  const samples = await instruct(learning, categories);
  return { recommender, categories, samples };
}

export interface Learnt extends LearntSamples, CatalogueReading {
  readonly text: readonly TextFeatures[];
  readonly augmented: Augmented;
}

/**
 * `before` is what an earlier fit has found: of the same data, measured on what it held out; or of the last
 * version.
 */
export async function learn(learning: Learning, given: Given, before?: Before): Promise<Learnt> {
  const learnt = await learnSamples(learning, given, before);
  // A language model learns to infer that distribution from words, and reads every item and every user.
  const { samples, categories } = learnt;
  const { languageModel } = given;
  const reading = await readCatalogue(learning, samples, categories.categoryCount, languageModel, before);
  // What it made of an item stands beside the item's plain text features, adapted to the recommender
  // together.
  const text = await textFeatures(learning, before?.words?.text);
  const { stage, itemHidden } = reading.inferred;
  const blocks = besideText(learning, text, { key: stage.key, values: itemHidden }, languageModel);
  const augmented = await augment(learning, 'augment', blocks, before?.adaptation);
  return { ...learnt, ...reading, text, augmented };
}

/** The same from all interactions, for as many epochs as the fit has chosen that was measured. */
export async function learnFromAll(
  learning: Learning,
  given: Given,
  measured: Learnt,
  published?: AdaptationBefore['published'],
): Promise<Learnt> {
  const { recommender, categories, tuned, inferred, augmented } = measured;
  const { values } = recommender.itemVectors;
  const d = recommender.itemVectors.shape[1];
  return learn(learningOnAll(learning), given, {
    recommender: {
      key: recommender.stage.key,
      epochs: recommender.reached?.epochs ?? 0,
      // Of an item that nobody has touched it is noise.
      itemVectors: matrix(
        values.map((x, i) => (categories.categories[Math.floor(i / d)] === NO_CATEGORY ? 0 : x)),
        d,
      ),
    },
    categories: { ...categories, key: categories.stage.key },
    tuning: tuned?.epochs === undefined ? undefined : { epochs: tuned.epochs },
    read: await readBefore(learning, inferred),
    adaptation: {
      key: augmented.stage.key,
      members: augmented.members.map(({ epochs }) => ({ epochs })),
      published,
    },
  });
}

/** Names the samples of the user-level SFT, and the categories in them, before anything is learnt. */
export function samplesKey(learning: Learning, { srs }: Given): string {
  const vectors = srs ? givenVectors(srs) : pretraining(learning);
  return instruction(learning, categorisation(learning, vectors)).key;
}

/** A model that was tuned on other samples is better refused before long work. */
export const checkSamples = (learning: Learning, given: Given): void =>
  checkTrainedOn(given.languageModel?.trainedOn, samplesKey(learning, given));

/**
 * Text features, if there are any, and beside them the hidden vectors [N, H] of a language model: as loud as
 * they are if somebody gives it, and so it knows more than this catalogue.
 */
export function besideText(
  { dataset, preset }: Pick<Learning, 'dataset' | 'preset'>,
  text: readonly KeyedBlock[],
  hidden: Pick<KeyedBlock, 'key' | 'values'>,
  languageModel?: ExternalModel,
): KeyedBlock[] {
  const { leadingRows, companionRows } = preset.adaptation;
  const rowLength = text.length > 0 && !languageModel ? companionRows : leadingRows;
  const width = hidden.values.length / dataset.items.length;
  return [...text, { ...hidden, name: LANGUAGE_MODEL_BLOCK, width, rowLength }];
}
