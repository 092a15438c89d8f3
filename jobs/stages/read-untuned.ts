// Stage: hidden vectors of the items by a language model before it is tuned: what the tuning is compared
// with.
import { itemPrompts } from '../../src/instructions/sft-samples.ts';
import { createLocalModel } from '../../src/language-model/local/local-model.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage } from '../stage.ts';
import type { KeyedBlock } from './augment.ts';
import { type Base, longestPrompt } from './fine-tune.ts';

/** Hidden vectors [N, H], and the stage that they are of. */
export async function readUntuned(
  learning: Learning,
  base: Base,
): Promise<Pick<KeyedBlock, 'key' | 'values'>> {
  const { dataset, hashes, preset, progress } = learning;
  const maxTokens = longestPrompt(preset, base.architecture);
  const stage = defineStage('read-untuned', 1, { model: base.key, items: hashes.items, maxTokens });
  const { tensors } = await runStage(learning, stage, async () => {
    const model = createLocalModel({
      name: 'the language model before tuning',
      model: base,
      tokenizer: base.tokenizer,
      limit: { maxTokens, kind: 'prompt' },
    });
    const task = { name: 'read items, before tuning', progress };
    const { vectors, width } = await model.embed(itemPrompts(dataset.items), { task });
    await model.release();
    return { tensors: new Map([['hidden', matrix(vectors, width)]]), facts: {} };
  });
  return { key: stage.key, values: tensors.get('hidden')!.values };
}
