// What the item tables of an evaluation start from. "tf-idf" is what text gives without anything learnt.
// Every other arm with features goes through the very same adaptation as TSLRec's, so that what is compared
// is the information: text alone; text beside what the language model makes of items before it is tuned; and
// after.
import { blockScalings, type FeatureBlock, joinBlocks } from '../../src/embeddings/item-features.ts';
import { principalComponents } from '../../src/embeddings/pca.ts';
import { TslrecError } from '../../src/errors.ts';
import { type Arm, RANDOM_ARM, TEXT_ARMS } from '../../src/evaluation/compare.ts';
import type { Dataset, Split } from '../../src/interactions/dataset.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';
import { backboneFor } from '../backbone.ts';
import type { ExternalModel } from '../external-model/external-model.ts';
import type { OpenModel } from '../external-model/open-model.ts';
import { besideText, learnEmbeddings, stagesOfModel } from '../learn-embeddings.ts';
import type { Preset } from '../presets.ts';
import { baseModel, itemPrompts } from '../read-catalogue.ts';
import type { StageContext } from '../stage.ts';
import { augment } from '../stages/augment.ts';
import { pretrainRecommender } from '../stages/pretrain-recommender.ts';
import { readUntuned } from '../stages/read-untuned.ts';
import { textFeatures } from '../stages/text-features.ts';

export const ARM_NAMES = [RANDOM_ARM, 'srs', ...TEXT_ARMS, 'untuned', 'tslrec'] as const;
export type ArmName = (typeof ARM_NAMES)[number];

/** What these give depends on the language model that is brought. */
export const MODEL_ARMS: ReadonlySet<string> = new Set<ArmName>(['untuned', 'tslrec']);

export interface ArmSources {
  readonly dataset: Dataset;
  readonly split: Split;
  readonly preset: Preset;
  readonly languageModel?: ExternalModel;
}

export async function learnArms(
  names: readonly ArmName[],
  context: StageContext,
  { dataset, split, preset, languageModel }: ArmSources,
): Promise<Arm[]> {
  const backbone = backboneFor(profileOf(dataset, split), preset);
  // First of all: what cannot be had is told before the other starts are learnt.
  const untuned = names.includes('untuned') ? beforeTuning(languageModel) : undefined;
  const text =
    names.includes('text') || names.includes('tf-idf') ? await sharedText(context, dataset, preset) : [];
  const vectors: Record<ArmName, () => Promise<Float32Array | undefined>> = {
    random: async () => undefined,
    srs: async () => (await pretrainRecommender(context, backbone, split, preset)).itemVectors.values,
    'tf-idf': async () => textComponents(text, backbone.width),
    text: async () => (await augment(context, 'text-arm', text, backbone, split, preset)).embeddings,
    untuned: async () => {
      const { ofModel, blocks } = await untunedFeatures(context, dataset, preset, untuned);
      return (await augment(ofModel, 'untuned-arm', blocks, backbone, split, preset)).embeddings;
    },
    tslrec: async () =>
      (await learnEmbeddings(context, dataset, split, backbone, preset, { languageModel })).augmented
        .embeddings,
  };
  const arms: Arm[] = [];
  for (const name of names) arms.push({ name, vectors: await vectors[name]() });
  return arms;
}

async function sharedText(context: StageContext, dataset: Dataset, preset: Preset): Promise<FeatureBlock[]> {
  const blocks = await textFeatures(context, dataset, preset);
  if (blocks.length > 0) return blocks;
  throw new TslrecError(
    'bad-data',
    `${dataset.name} has no text that two items share; leave "text" and "tf-idf" out of --arms.`,
  );
}

/** A deviation of .3 an entry for d 64: on validation the best of .1 to 1.2 (docs/LOG.md). */
const TF_IDF_ROWS = 2.4;

/** TF-IDF + SVD of the recommender's width d: [N, d]. */
const textComponents = (text: readonly FeatureBlock[], width: number): Float32Array =>
  principalComponents(joinBlocks(text, blockScalings(text)), text[0].width, {
    width,
    rowLength: TF_IDF_ROWS,
  });

/** Of a hosted model nothing is known but what it has become. */
function beforeTuning(model?: ExternalModel): OpenModel | undefined {
  if (model?.kind !== 'hosted') return model;
  throw new TslrecError(
    'bad-request',
    'A hosted model is tuned before it is brought, so that "untuned" has nothing to read; leave it out of ' +
      '--arms, or bring that model with --base.',
  );
}

/** Text, and what the language model makes of an item before the user-level SFT. */
async function untunedFeatures(
  context: StageContext,
  dataset: Dataset,
  preset: Preset,
  openModel?: OpenModel,
) {
  const ofModel = stagesOfModel(context, openModel);
  const base = await baseModel(ofModel, dataset.items, preset, openModel);
  const hidden = await readUntuned(ofModel, base, itemPrompts(dataset.items));
  base.tokenizer.release();
  const text = await textFeatures(context, dataset, preset);
  return { ofModel, blocks: besideText(text, hidden, dataset.items.length, openModel) };
}
