// Stage: what plain text says of the items, without any language model: TF-IDF + SVD of everything known of
// them.
import { type FeatureBlock, LEADING_ROWS } from '../../src/embeddings/item-features.ts';
import { fitTextFeatures } from '../../src/embeddings/text-features.ts';
import { knownText } from '../../src/instructions/item-text.ts';
import type { Dataset } from '../../src/interactions/dataset.ts';
import type { Preset } from '../presets.ts';
import { matrix, type StageContext, stage } from '../stage.ts';

/** One block, or none where no two items share a word. */
export async function textFeatures(
  context: StageContext,
  dataset: Dataset,
  preset: Preset,
): Promise<FeatureBlock[]> {
  const texts = dataset.items.map((item) => knownText(item, Number.POSITIVE_INFINITY));
  const { tensors } = await stage(context, 'text-features', async () => {
    const { vectors } = fitTextFeatures(texts, {
      dimension: preset.textFeatures,
      seed: `${context.seed}/text-features`,
    });
    const dimension = vectors.length / texts.length;
    return { tensors: new Map([['vectors', matrix(vectors, dimension)]]), facts: { dimension } };
  });
  const { shape, values } = tensors.get('vectors')!;
  return shape[1] === 0 ? [] : [{ name: 'text', width: shape[1], values, rowLength: LEADING_ROWS }];
}
