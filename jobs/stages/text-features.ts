// Stage: what plain text says of the items, without any language model: TF-IDF + SVD of everything known of
// them.
import { TEXT_BLOCK } from '../../src/embeddings/item-encoder.ts';
import { fitTextFeatures, saveTextFeatures } from '../../src/embeddings/text-features.ts';
import { knownText } from '../../src/instructions/item-text.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage, stageFolder } from '../stage.ts';
import type { KeyedBlock } from './augment.ts';

export interface TextFeatures extends KeyedBlock {
  /** Where the model lies that later texts go through. */
  readonly folder: string;
}

/** One block, or none where no two items share a word. */
export async function textFeatures(learning: Learning): Promise<TextFeatures[]> {
  const { dataset, hashes, preset, seed } = learning;
  const texts = dataset.items.map((item) => knownText(item, Number.POSITIVE_INFINITY));
  const stage = defineStage('text-features', 2, { items: hashes.items, columns: preset.textFeatures, seed });
  const { tensors } = await runStage(learning, stage, async ({ folder }) => {
    const { vectors, model } = fitTextFeatures(texts, {
      width: preset.textFeatures,
      seed: `${seed}/text-features`,
    });
    saveTextFeatures(folder, model);
    const { width } = model;
    return { tensors: new Map([['vectors', matrix(vectors, width)]]), facts: { width } };
  });
  const { shape, values } = tensors.get('vectors')!;
  if (shape[1] === 0) return [];
  const rowLength = preset.adaptation.leadingRows;
  const folder = stageFolder(learning, stage);
  return [{ key: stage.key, name: TEXT_BLOCK, width: shape[1], values, rowLength, folder }];
}
