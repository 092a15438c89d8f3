// Stage: what plain text says of the items, without any language model: TF-IDF + SVD of everything known of
// them.
import { fitTextFeatures } from '../../src/embeddings/text-features.ts';
import { knownText } from '../../src/instructions/item-text.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage } from '../stage.ts';
import type { KeyedBlock } from './augment.ts';

/** One block, or none where no two items share a word. */
export async function textFeatures(learning: Learning): Promise<KeyedBlock[]> {
  const { dataset, hashes, preset, seed } = learning;
  const texts = dataset.items.map((item) => knownText(item, Number.POSITIVE_INFINITY));
  const stage = defineStage('text-features', 1, { items: hashes.items, columns: preset.textFeatures, seed });
  const { tensors } = await runStage(learning, stage, async () => {
    const { vectors } = fitTextFeatures(texts, {
      dimension: preset.textFeatures,
      seed: `${seed}/text-features`,
    });
    const dimension = vectors.length / texts.length;
    return { tensors: new Map([['vectors', matrix(vectors, dimension)]]), facts: { dimension } };
  });
  const { shape, values } = tensors.get('vectors')!;
  if (shape[1] === 0) return [];
  const rowLength = preset.adaptation.leadingRows;
  return [{ key: stage.key, name: 'text', width: shape[1], values, rowLength }];
}
