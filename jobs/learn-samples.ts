// The first half of the flow, which fine-tuning elsewhere shares: from who did what to one SFT sample a user.
import type { SftSample } from '../src/instructions/sft-samples.ts';
import type { Dataset, Split } from '../src/interactions/dataset.ts';
import type { SequenceModel } from '../src/recommenders/sequence-model.ts';
import type { Preset } from './presets.ts';
import type { StageContext } from './stage.ts';
import { type Categories, categorise } from './stages/categorise.ts';
import { instruct } from './stages/instruct.ts';
import { type PretrainedRecommender, pretrainRecommender } from './stages/pretrain-recommender.ts';
import { type SrsEmbeddings, srsEmbeddings } from './stages/srs-embeddings.ts';

export interface LearntSamples {
  readonly recommender: PretrainedRecommender;
  readonly categories: Categories;
  readonly samples: readonly SftSample[];
}

export async function learnSamples(
  context: StageContext,
  dataset: Dataset,
  split: Split,
  backbone: SequenceModel,
  preset: Preset,
  srs?: SrsEmbeddings,
): Promise<LearntSamples> {
  // What people do: a recommender learns from the training interactions alone, or somebody's own has learnt
  // before.
  const recommender = srs
    ? await srsEmbeddings(context, srs)
    : await pretrainRecommender(context, backbone, split, preset);
  // Its item vectors fall into latent categories; each user becomes a distribution over them.
  const categories = await categorise(context, recommender.itemVectors, split);
  // One SFT sample a user: what the user chose, in words, and the distribution to infer from it.
  const samples = await instruct(context, dataset, split, categories, preset);
  return { recommender, categories, samples };
}
