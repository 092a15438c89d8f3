// Stage: item vectors -> latent categories; users -> their preference distributions over them.
import { kMeans, NO_CATEGORY } from '../../src/categories/k-means.ts';
import { userPreferences } from '../../src/categories/preferences.ts';
import type { NamedTensor } from '../../src/formats/safetensors.ts';
import type { Split } from '../../src/interactions/dataset.ts';
import { itemsIn } from '../../src/interactions/occurring-items.ts';
import { integers, matrix, type StageContext, stage } from '../stage.ts';

export interface Categories {
  readonly categoryCount: number;
  /** [N]; -1 where an item has no training interaction, or no vector. */
  readonly categories: Int32Array;
  /** [U, K]. */
  readonly preferences: Float32Array;
}

const MOST_CATEGORIES = 64;
const ITEMS_PER_CATEGORY = 50;

/** K: about 50 items a category, from 2 to 64 categories. */
const categoryCount = (itemCount: number): number =>
  Math.min(MOST_CATEGORIES, Math.max(2, Math.round(itemCount / ITEMS_PER_CATEGORY)));

export async function categorise(
  context: StageContext,
  { shape: [N, width], values }: NamedTensor,
  { train }: Split,
): Promise<Categories> {
  const { tensors } = await stage(context, 'categorise', async () => {
    const seen = new Set(itemsIn(train));
    const { centroids, categories, inertia } = kMeans(values, {
      dimension: width,
      clusterCount: categoryCount(N),
      seed: `${context.seed}/categorise`,
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
    categoryCount: tensors.get('preferences')!.shape[1],
    categories: Int32Array.from(tensors.get('categories')!.values),
    preferences: tensors.get('preferences')!.values,
  };
}
