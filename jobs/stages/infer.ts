// Stage: the tuned model reads every item and every user: hidden vectors of the items, and its own distribution
// over the latent categories for both, cold items and quiet users included.
import type { SftSample } from '../../src/instructions/sft-samples.ts';
import type { UserId } from '../../src/interactions/dataset.ts';
import type { Tokenizer } from '../../src/language-model/tokenizer.ts';
import { readTexts, type TunedModel } from '../../src/language-model/tuned-model.ts';
import { matrix, type StageContext, stage } from '../stage.ts';
import { longestPrompt } from './fine-tune.ts';

export interface Inferred {
  /** [N, H]. */
  readonly itemHidden: Float32Array;
  /** [N, K]. */
  readonly itemDistributions: Float32Array;
  /** [U, K]; a user without a sample gets the mean of the others. */
  readonly userDistributions: Float32Array;
}

export async function infer(
  context: StageContext,
  model: TunedModel,
  tokenizer: Tokenizer,
  itemTexts: readonly string[],
  userIds: readonly UserId[],
  samples: readonly SftSample[],
): Promise<Inferred> {
  const { tensors } = await stage(context, 'infer', async () => {
    const read = async (name: string, texts: readonly string[]) =>
      readTexts(model, await tokenizer.encode(texts), {
        maxTokens: longestPrompt(model.architecture),
        name,
        progress: context.progress,
      });
    const items = await read('read items', itemTexts);
    const users = await read(
      'read users',
      samples.map(({ prompt }) => prompt),
    );
    return {
      tensors: new Map([
        ['itemHidden', matrix(items.hidden, model.architecture.config.hidden_size)],
        ['itemDistributions', matrix(items.distributions, model.categoryCount)],
        ['userDistributions', matrix(forEveryUser(userIds, samples, users.distributions), model.categoryCount)],
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

/** distributions [number of samples, K] -> [U, K]. */
function forEveryUser(
  userIds: readonly UserId[],
  samples: readonly SftSample[],
  distributions: Float32Array,
): Float32Array {
  const K = distributions.length / samples.length;
  const mean = new Float32Array(K);
  for (let i = 0; i < distributions.length; i++) mean[i % K] += distributions[i] / samples.length;
  const rowOf = new Map(samples.map(({ userId }, row) => [userId, distributions.subarray(row * K, (row + 1) * K)]));
  const all = new Float32Array(userIds.length * K);
  userIds.forEach((userId, user) => {
    all.set(rowOf.get(userId) ?? mean, user * K);
  });
  return all;
}
