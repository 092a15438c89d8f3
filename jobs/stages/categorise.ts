// Stage: item vectors -> latent categories; users -> their preference distributions over them.
import { kMeans, NO_CATEGORY } from '../../src/categories/k-means.ts';
import { userPreferences } from '../../src/categories/preferences.ts';
import { itemsIn } from '../../src/interactions/occurring-items.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, integers, matrix, runStage, type Stage } from '../stage.ts';
import type { PretrainedRecommender } from './pretrain-recommender.ts';

export interface Categories {
  /** Of the stage. */
  readonly key: string;
  readonly categoryCount: number;
  /** [N]; -1 where an item has no training interaction, or no vector. */
  readonly categories: Int32Array;
  /** [U, K]. */
  readonly preferences: Float32Array;
}

/** `vectors` is the stage that the item vectors are of. */
export const categorisation = (learning: Learning, vectors: Pick<Stage, 'key'>): Stage =>
  defineStage('categorise', 1, {
    vectors: vectors.key,
    split: learning.hashes.split,
    categories: learning.preset.categories,
    seed: learning.seed,
  });

export async function categorise(
  learning: Learning,
  recommender: PretrainedRecommender,
): Promise<Categories> {
  const { preset, seed } = learning;
  const { train } = learning.split;
  const { shape, values } = recommender.itemVectors;
  const [N, width] = shape;
  const { most, itemsPerCategory } = preset.categories;
  const stage = categorisation(learning, recommender);
  const { tensors } = await runStage(learning, stage, async () => {
    const seen = new Set(itemsIn(train));
    const { centroids, categories, inertia } = kMeans(values, {
      dimension: width,
      clusterCount: Math.min(most, Math.max(2, Math.round(N / itemsPerCategory))),
      seed: `${seed}/categorise`,
      isLeftOut: (item) => !seen.has(item),
    });
    const K = centroids.length / width;
    const preferences = userPreferences(train, categories, K);
    return {
      tensors: new Map([
        ['centroids', matrix(centroids, width)],
        ['categories', integers(categories)],
        ['preferences', matrix(preferences, K)],
      ]),
      facts: {
        inertia,
        itemsWithoutCategory: categories.filter((category) => category === NO_CATEGORY).length,
      },
    };
  });
  return {
    key: stage.key,
    categoryCount: tensors.get('preferences')!.shape[1],
    categories: Int32Array.from(tensors.get('categories')!.values),
    preferences: tensors.get('preferences')!.values,
  };
}
