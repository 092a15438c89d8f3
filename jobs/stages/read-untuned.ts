// Stage: hidden vectors of the items by a language model before it is tuned: what the tuning is compared
// with.
import { hiddenStates } from '../../src/language-model/architecture.ts';
import { createPooledReader } from '../../src/language-model/pooled/pooled-reader.ts';
import { pooled } from '../../src/language-model/pooled/pooling.ts';
import { matrix, type StageContext, stage } from '../stage.ts';
import { type Base, longestPrompt } from './fine-tune.ts';

/** [N, H]. */
export async function readUntuned(
  context: StageContext,
  { architecture, values, tokenizer, pooling }: Base,
  itemTexts: readonly string[],
): Promise<Float32Array> {
  const { tensors } = await stage(context, 'read-untuned', async () => {
    const reader = createPooledReader(
      (scope, inputs) => ({ hidden: pooled(inputs, hiddenStates(scope, architecture, inputs), pooling) }),
      values,
      { maxTokens: longestPrompt(architecture), pooling },
    );
    const { hidden } = await reader.read(await tokenizer.encode(itemTexts), {
      name: 'read items, before tuning',
      progress: context.progress,
    });
    await reader.release();
    return { tensors: new Map([['hidden', matrix(hidden, architecture.config.hidden_size)]]), facts: {} };
  });
  return tensors.get('hidden')!.values;
}
