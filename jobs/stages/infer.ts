// Stage: the tuned model reads every item and every user: hidden vectors of the items, and its own distribution
// over the latent categories for both, cold items and quiet users included.
import type { Tokenizer } from '../../src/language-model/tokenizer.ts';
import { readTexts, type TunedModel } from '../../src/language-model/tuned-model.ts';
import { matrix, type StageContext, stage } from '../stage.ts';
import { LONGEST_PROMPT } from './fine-tune.ts';

export interface Inferred {
  /** [N, H]. */
  readonly itemHidden: Float32Array;
  /** [N, K]. */
  readonly itemDistributions: Float32Array;
  /** [number of prompts, K]. */
  readonly userDistributions: Float32Array;
}

export async function infer(
  context: StageContext,
  model: TunedModel,
  tokenizer: Tokenizer,
  itemTexts: readonly string[],
  userPrompts: readonly string[],
): Promise<Inferred> {
  const { tensors } = await stage(context, 'infer', async () => {
    const read = async (name: string, texts: readonly string[]) =>
      readTexts(model, await tokenizer.encode(texts), { maxTokens: LONGEST_PROMPT, name, progress: context.progress });
    const items = await read('read items', itemTexts);
    const users = await read('read users', userPrompts);
    return {
      tensors: new Map([
        ['itemHidden', matrix(items.hidden, model.config.hidden_size)],
        ['itemDistributions', matrix(items.distributions, model.categoryCount)],
        ['userDistributions', matrix(users.distributions, model.categoryCount)],
      ]),
      facts: {},
    };
  });
  return {
    itemHidden: tensors.get('itemHidden')!.values,
    itemDistributions: tensors.get('itemDistributions')!.values,
    userDistributions: tensors.get('userDistributions')!.values,
  };
}
