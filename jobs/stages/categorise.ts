// Stage: item vectors -> latent categories; users -> their preference distributions over them. Categories are
// found once: later fits keep the centroids and assign what is new.
import { assignCategories, kMeans, NO_CATEGORY } from '../../src/categories/k-means.ts';
import { userPreferences } from '../../src/categories/preferences.ts';
import type { NamedTensor } from '../../src/formats/safetensors.ts';
import { itemsIn } from '../../src/interactions/occurring-items.ts';
import type { CategoriesBefore } from '../before.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, integers, matrix, runStage, type Stage } from '../stage.ts';
import type { PretrainedRecommender } from './pretrain-recommender.ts';

export interface Categories {
  readonly stage: Stage;
  readonly categoryCount: number;
  /** [K, d] */
  readonly centroids: NamedTensor;
  /** [N]; -1 where nobody has touched an item, or it has no vector. */
  readonly categories: Int32Array;
  /** [U, K]. */
  readonly preferences: Float32Array;
}

/** `vectors` is the stage that the item vectors are of. */
export const categorisation = (
  learning: Learning,
  vectors: Pick<Stage, 'key'>,
  before?: CategoriesBefore,
): Stage =>
  defineStage(`categorise${learning.lesson.suffix}`, 1, {
    vectors: vectors.key,
    lesson: learning.lesson.key,
    categories: learning.preset.categories,
    before: before?.key,
    seed: learning.seed,
  });

export async function categorise(
  learning: Learning,
  { stage: vectors, itemVectors }: PretrainedRecommender,
  before?: CategoriesBefore,
): Promise<Categories> {
  const { sequences } = learning.lesson;
  const stage = categorisation(learning, vectors, before);
  const { tensors } = await runStage(learning, stage, async () => {
    const { centroids, categories } = before
      ? assign(itemVectors, before, sequences)
      : find(itemVectors, learning);
    const [K] = centroids.shape;
    const preferences = userPreferences(sequences, categories, K);
    return {
      tensors: new Map([
        ['centroids', centroids],
        ['categories', integers(categories)],
        ['preferences', matrix(preferences, K)],
      ]),
      facts: {
        itemsWithoutCategory: categories.filter((category) => category === NO_CATEGORY).length,
      },
    };
  });
  return {
    stage,
    categoryCount: tensors.get('preferences')!.shape[1],
    centroids: tensors.get('centroids')!,
    categories: Int32Array.from(tensors.get('categories')!.values),
    preferences: tensors.get('preferences')!.values,
  };
}

function find({ shape: [N, width], values }: NamedTensor, { lesson, preset, seed }: Learning) {
  const { most, itemsPerCategory } = preset.categories;
  const seen = new Set(itemsIn(lesson.sequences));
  const { centroids, categories } = kMeans(values, {
    dimension: width,
    clusterCount: Math.min(most, Math.max(2, Math.round(N / itemsPerCategory))),
    seed: `${seed}/categorise`,
    isLeftOut: (item) => !seen.has(item),
  });
  return { centroids: matrix(centroids, width), categories };
}

/** Items that have a category keep it; those that somebody has touched since get the nearest one. */
function assign(
  { values }: NamedTensor,
  { centroids, categories: before }: CategoriesBefore,
  sequences: readonly Int32Array[],
) {
  const seen = new Set(itemsIn(sequences));
  const nearest = assignCategories(values, centroids.values, centroids.shape[1]);
  const categories = nearest.map((category, item) => {
    if (before[item] !== NO_CATEGORY) return before[item];
    return seen.has(item) ? category : NO_CATEGORY;
  });
  return { centroids, categories };
}
