// What the item tables of an evaluation start from. "tf-idf" is what text gives without anything learnt.
// Every other arm with features goes through the very same adaptation as TSLRec's, so that what is compared
// is the information: text alone; text beside what the language model makes of items before it is tuned; and
// after.
import { blockScalings, joinBlocks } from '../../src/embeddings/item-features.ts';
import { principalComponents } from '../../src/embeddings/pca.ts';
import { TslrecError } from '../../src/errors.ts';
import { type Arm, RANDOM_ARM, TEXT_ARMS } from '../../src/evaluation/compare.ts';
import type { ExternalModel } from '../../src/language-model/external/external-model.ts';
import type { OpenModel } from '../../src/language-model/external/open-model.ts';
import type { Learning } from '../experiment.ts';
import { besideText, learn } from '../learn.ts';
import { augment, type KeyedBlock } from '../stages/augment.ts';
import { pretrainRecommender } from '../stages/pretrain-recommender.ts';
import { baseModel } from '../stages/read-catalogue.ts';
import { readUntuned } from '../stages/read-untuned.ts';
import { textFeatures } from '../stages/text-features.ts';

export const ARM_NAMES = [RANDOM_ARM, 'srs', ...TEXT_ARMS, 'untuned', 'tslrec'] as const;
export type ArmName = (typeof ARM_NAMES)[number];

/** An arm, and what its vectors are of: the key of a stage; nothing where there are none. */
export interface KeyedArm extends Arm {
  readonly name: ArmName;
  readonly key?: string;
}

export async function learnArms(
  names: readonly ArmName[],
  learning: Learning,
  languageModel?: ExternalModel,
): Promise<KeyedArm[]> {
  // An arm that cannot be made is reported before the others are learnt.
  const untuned = names.includes('untuned') ? beforeTuning(languageModel) : undefined;
  const text = names.includes('text') || names.includes('tf-idf') ? await sharedText(learning) : [];
  const augmented = async (name: string, blocks: readonly KeyedBlock[]) => {
    const { stage, embeddings } = await augment(learning, name, blocks);
    return { key: stage.key, vectors: embeddings };
  };
  const starts: Record<ArmName, () => Promise<Pick<KeyedArm, 'key' | 'vectors'>>> = {
    random: async () => ({}),
    srs: async () => {
      const { stage, itemVectors } = await pretrainRecommender(learning);
      return { key: stage.key, vectors: itemVectors.values };
    },
    'tf-idf': async () => textComponents(text, learning),
    text: () => augmented('text-arm', text),
    untuned: async () => augmented('untuned-arm', await untunedFeatures(learning, untuned)),
    tslrec: async () => {
      const { stage, embeddings } = (await learn(learning, { languageModel })).augmented;
      return { key: stage.key, vectors: embeddings };
    },
  };
  const arms: KeyedArm[] = [];
  for (const name of names) arms.push({ name, ...(await starts[name]()) });
  return arms;
}

async function sharedText(learning: Learning): Promise<KeyedBlock[]> {
  const blocks = await textFeatures(learning);
  if (blocks.length > 0) return blocks;
  throw new TslrecError(
    'bad-data',
    `${learning.dataset.name} has no text that two items share; leave "text" and "tf-idf" out of --arms.`,
  );
}

/** TF-IDF + SVD of the recommender's width d: [N, d]. */
function textComponents(text: readonly KeyedBlock[], { backbone, preset }: Learning) {
  const rowLength = preset.textComponentRows;
  const vectors = principalComponents(joinBlocks(text, blockScalings(text)), text[0].width, {
    width: backbone.width,
    rowLength,
  });
  return { key: `${text[0].key} x ${rowLength}`, vectors };
}

/** Of a hosted model nothing is known but what it has become. */
function beforeTuning(model?: ExternalModel): OpenModel | undefined {
  if (model?.kind !== 'hosted') return model;
  throw new TslrecError(
    'bad-request',
    'A hosted model has been tuned elsewhere, so that "untuned" has nothing to read; leave it out of ' +
      '--arms, or give that model with --base.',
  );
}

/** Text, and what the language model makes of an item before the user-level SFT. */
async function untunedFeatures(learning: Learning, openModel?: OpenModel): Promise<KeyedBlock[]> {
  const base = await baseModel(learning, openModel);
  const hidden = await readUntuned(learning, base);
  base.tokenizer.release();
  return besideText(learning, await textFeatures(learning), hidden, openModel);
}
