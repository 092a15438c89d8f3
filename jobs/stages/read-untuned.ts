// Stage: hidden vectors of the items by a language model before it is tuned: what the tuning is compared
// with.
import { hiddenStates } from '../../src/language-model/architecture.ts';
import { createPooledReader } from '../../src/language-model/pooled/pooled-reader.ts';
import { pooled } from '../../src/language-model/pooled/pooling.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage } from '../stage.ts';
import type { KeyedBlock } from './augment.ts';
import { type Base, longestPrompt } from './fine-tune.ts';
import { itemPrompts } from './infer.ts';

/** Hidden vectors [N, H], and the stage that they are of. */
export async function readUntuned(
  learning: Learning,
  { key, architecture, values, tokenizer, pooling }: Base,
): Promise<Pick<KeyedBlock, 'key' | 'values'>> {
  const { dataset, hashes, preset, progress } = learning;
  const maxTokens = longestPrompt(preset, architecture);
  const stage = defineStage('read-untuned', 1, { model: key, items: hashes.items, maxTokens });
  const { tensors } = await runStage(learning, stage, async () => {
    const reader = createPooledReader(
      (scope, inputs) => ({ hidden: pooled(inputs, hiddenStates(scope, architecture, inputs), pooling) }),
      values,
      { maxTokens, pooling },
    );
    const { hidden } = await reader.read(await tokenizer.encode(itemPrompts(dataset.items)), {
      name: 'read items, before tuning',
      progress,
    });
    await reader.release();
    return { tensors: new Map([['hidden', matrix(hidden, architecture.config.hidden_size)]]), facts: {} };
  });
  return { key: stage.key, values: tensors.get('hidden')!.values };
}
