// The flow: from who did what to enhanced item embeddings, one awaited line a stage. Every stage leaves a
// file in the work folder, so that a killed run continues at the first stage that has none.
import path from 'node:path';
import { COMPANION_ROWS, type FeatureBlock, LEADING_ROWS } from '../src/embeddings/item-features.ts';
import type { Dataset, Split } from '../src/interactions/dataset.ts';
import type { SequenceModel } from '../src/recommenders/sequence-model.ts';
import type { ExternalModel } from './external-model/external-model.ts';
import { type LearntSamples, learnSamples } from './learn-samples.ts';
import type { Preset } from './presets.ts';
import { type CatalogueReading, readCatalogue } from './read-catalogue.ts';
import type { StageContext } from './stage.ts';
import { type Augmented, augment } from './stages/augment.ts';
import type { SrsEmbeddings } from './stages/srs-embeddings.ts';
import { textFeatures } from './stages/text-features.ts';

export interface LearntEmbeddings extends Omit<LearntSamples, 'samples'>, CatalogueReading {
  readonly augmented: Augmented;
}

/** What somebody brings, in place of what is trained here. */
export interface Brought {
  readonly srs?: SrsEmbeddings;
  readonly languageModel?: ExternalModel;
}

export async function learnEmbeddings(
  context: StageContext,
  dataset: Dataset,
  split: Split,
  backbone: SequenceModel,
  preset: Preset,
  { srs, languageModel }: Brought = {},
): Promise<LearntEmbeddings> {
  // What people do becomes latent categories, and each user a prompt and the distribution to infer from it.
  const { recommender, categories, samples } = await learnSamples(
    context,
    dataset,
    split,
    backbone,
    preset,
    srs,
  );
  // A language model learns to infer that distribution from words, and reads every item and every user.
  const ofModel = stagesOfModel(context, languageModel);
  const reading = await readCatalogue(
    ofModel,
    dataset,
    samples,
    categories.categoryCount,
    preset,
    languageModel,
  );
  // What it made of an item stands beside the item's plain text features, adapted to the recommender
  // together.
  const text = await textFeatures(context, dataset, preset);
  const blocks = besideText(text, reading.inferred.itemHidden, dataset.items.length, languageModel);
  const augmented = await augment(ofModel, 'augment', blocks, backbone, split, preset);
  return { recommender, categories, ...reading, augmented };
}

/**
 * What depends on a model that is brought lies beside that of other models; the stages before it are shared.
 */
export const stagesOfModel = (context: StageContext, model?: ExternalModel): StageContext =>
  model
    ? { ...context, folder: path.join(context.folder, `model-${model.source.sha256.slice(0, 16)}`) }
    : context;

/**
 * Text features, if there are any, and beside them the hidden vectors [N, H] of a language model: as loud as
 * they are if it is brought, and so knows more than this catalogue.
 */
export function besideText(
  text: readonly FeatureBlock[],
  hidden: Float32Array,
  N: number,
  languageModel?: ExternalModel,
): FeatureBlock[] {
  const rowLength = text.length > 0 && !languageModel ? COMPANION_ROWS : LEADING_ROWS;
  return [...text, { name: 'language model', width: hidden.length / N, values: hidden, rowLength }];
}
