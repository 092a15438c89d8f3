// Stage: what plain text says of the items, without any language model: TF-IDF + SVD of everything known of
// them.
import { TEXT_BLOCK } from '../../src/embeddings/item-encoder.ts';
import {
  fitTextFeatures,
  loadTextFeatures,
  saveTextFeatures,
  textTransform,
} from '../../src/embeddings/text-features.ts';
import { knownText } from '../../src/instructions/item-text.ts';
import type { WordsBefore } from '../before.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage, stageFolder } from '../stage.ts';
import type { KeyedBlock } from './augment.ts';

export interface TextFeatures extends KeyedBlock {
  /** Where the model lies that later texts go through. */
  readonly folder: string;
}

/** One block, or none where no two items share a word. */
export async function textFeatures(
  learning: Learning,
  before?: WordsBefore['text'],
): Promise<TextFeatures[]> {
  const { dataset, hashes, preset, seed } = learning;
  const texts = dataset.items.map((item) => knownText(item, Number.POSITIVE_INFINITY));
  const rowLength = preset.adaptation.leadingRows;
  if (before) return transformed(texts, hashes.items, rowLength, before);
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
  const folder = stageFolder(learning, stage);
  return [{ key: stage.key, name: TEXT_BLOCK, width: shape[1], values, rowLength, folder }];
}

/** The words of other items through the model of before: it takes less time than to read it back. */
async function transformed(
  texts: readonly string[],
  items: string,
  rowLength: number,
  before: WordsBefore['text'],
): Promise<TextFeatures[]> {
  const blocks: TextFeatures[] = [];
  for (const { key, folder } of before) {
    const model = await loadTextFeatures(folder);
    const values = textTransform(model)(texts);
    blocks.push({
      key: `${key} of ${items}`,
      name: TEXT_BLOCK,
      width: model.width,
      values,
      rowLength,
      folder,
    });
  }
  return blocks;
}
