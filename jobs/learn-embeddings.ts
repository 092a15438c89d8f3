// The flow: from who did what to enhanced item embeddings, one awaited line a stage. Every stage leaves a file in
// the work folder, so that a killed run continues at the first stage that has none.

import { COMPANION_ROWS, type FeatureBlock, LEADING_ROWS } from '../src/embeddings/item-features.ts';
import { itemText } from '../src/instructions/item-text.ts';
import { DEFAULT_PROMPT, renderPrompt } from '../src/instructions/sft-samples.ts';
import type { Dataset, Split } from '../src/interactions/dataset.ts';
import type { SequenceModel } from '../src/recommenders/sequence-model.ts';
import { type LearntSamples, learnSamples } from './learn-samples.ts';
import type { Preset } from './presets.ts';
import type { StageContext } from './stage.ts';
import { type Augmented, augment } from './stages/augment.ts';
import { type FineTuned, fineTune } from './stages/fine-tune.ts';
import { type Inferred, infer } from './stages/infer.ts';
import { pretrainLanguageModel } from './stages/pretrain-language-model.ts';
import type { SrsEmbeddings } from './stages/srs-embeddings.ts';
import { textFeatures } from './stages/text-features.ts';

export interface LearntEmbeddings extends Omit<LearntSamples, 'samples'> {
  readonly fineTuned: FineTuned;
  readonly inferred: Inferred;
  readonly augmented: Augmented;
  readonly modelFolder: string;
}

export async function learnEmbeddings(
  context: StageContext,
  dataset: Dataset,
  split: Split,
  learner: SequenceModel,
  preset: Preset,
  srs?: SrsEmbeddings,
): Promise<LearntEmbeddings> {
  // What people do becomes latent categories, and each user a prompt and the distribution to infer from it.
  const { recommender, categories, samples } = await learnSamples(context, dataset, split, learner, preset, srs);
  // A language model learns the catalogue's words, ...
  const texts = dataset.items.map((item) => itemText(item, DESCRIPTION_WORDS));
  const base = await pretrainLanguageModel(context, texts, preset);
  // ... then to infer users' preferences from them.
  const fineTuned = await fineTune(context, samples, categories.categoryCount, base, preset);
  // It reads every item, cold ones included, and every user.
  const itemPrompts = dataset.items.map((item) => renderPrompt([item], DEFAULT_PROMPT.descriptionWords));
  const inferred = await infer(context, fineTuned.model, base.tokenizer, itemPrompts, dataset.userIds, samples);
  // What it made of an item stands beside the item's plain text features, adapted to the recommender together.
  const text = await textFeatures(context, dataset, preset);
  const hidden: FeatureBlock = {
    name: 'language model',
    width: base.config.hidden_size,
    values: inferred.itemHidden,
    rowLength: text.length > 0 ? COMPANION_ROWS : LEADING_ROWS,
  };
  const augmented = await augment(context, 'augment', [...text, hidden], learner, split, preset);
  return { recommender, categories, fineTuned, inferred, augmented, modelFolder: base.folder };
}

/** How much of a description the language model's pre-training reads. */
const DESCRIPTION_WORDS = 100;
