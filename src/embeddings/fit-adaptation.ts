// Fits an adaptation. The learnt one is worth more than PCA: the table is a *function* of what is known about
// an item, so behaviour seen on one item moves its neighbours in text as well, and rare items stay in place.
import type { Values } from '../network/scope.ts';
import {
  type NextItems,
  type RecommenderOptions,
  type TrainingOptions,
  trainRecommender,
} from '../recommenders/recommender.ts';
import type { Adaptation } from './adaptation.ts';
import { blockMeans, type FeatureBlock, joinBlocks } from './item-features.ts';
import { fitPca, type PcaOptions } from './pca.ts';

export interface LearntAdaptationOptions extends Omit<TrainingOptions, 'table'> {
  /** Width of the adapter's hidden layer. */
  readonly hidden: number;
}

export interface LearntAdaptation {
  readonly adaptation: Adaptation;
  readonly epochs: number;
  /** NDCG@10 on validation of the recommender that it was learnt through. */
  readonly validationNdcg: number;
}

export async function learnAdaptation(
  blocks: readonly FeatureBlock[],
  recommender: RecommenderOptions,
  sequences: readonly Int32Array[],
  validation: NextItems,
  { hidden, ...training }: LearntAdaptationOptions,
): Promise<LearntAdaptation> {
  const means = blockMeans(blocks);
  const features = joinBlocks(blocks, means);
  const trained = await trainRecommender(recommender, sequences, validation, {
    ...training,
    table: { kind: 'frozen+adapter', features, hidden },
  });
  const weights: Values = new Map();
  for (const [name, tensor] of trained.values) {
    if (name.startsWith('items.adapter.')) weights.set(name.slice('items.'.length), tensor);
  }
  return {
    adaptation: { kind: 'learnt', means, weights },
    epochs: trained.bestEpoch + 1,
    validationNdcg: trained.history[trained.bestEpoch]?.metric ?? 0,
  };
}

export function fitPcaAdaptation(blocks: readonly FeatureBlock[], options: PcaOptions): Adaptation {
  const means = blockMeans(blocks);
  const width = blocks.reduce((sum, block) => sum + block.width, 0);
  return { kind: 'pca', means, pca: fitPca(joinBlocks(blocks, means), width, options) };
}
