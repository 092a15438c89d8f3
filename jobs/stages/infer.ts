// Stage: a tuned model reads every item and every user: hidden vectors of the items, and its own distribution
// over the latent categories for both, cold items and quiet users included.
import type { SftSample } from '../../src/instructions/sft-samples.ts';
import type { UserId } from '../../src/interactions/dataset.ts';
import type { AnswerCounts } from '../reading/read-answers.ts';
import { matrix, type StageContext, stage } from '../stage.ts';

export interface Inferred {
  /** [N, H]. */
  readonly itemHidden: Float32Array;
  /** [N, K]. */
  readonly itemDistributions: Float32Array;
  /** [U, K]; a user without a sample gets the mean of the others. */
  readonly userDistributions: Float32Array;
  /** Where the model told its distributions in words. */
  readonly answers?: AnswerCounts;
  /** Where the model was asked: how many different texts have a vector that another one has too, if any. */
  readonly sharedVectors?: number;
}

/**
 * What reads, wherever the model runs; the user distributions that it gives are those of `userTexts`.
 * `checkpoint` names a file in which it may keep what it has so far, removed once all of it is there.
 */
export type Read = (
  itemTexts: readonly string[],
  userTexts: readonly string[],
  checkpoint: string,
) => Promise<Inferred>;

export async function infer(
  context: StageContext,
  read: Read,
  itemTexts: readonly string[],
  userIds: readonly UserId[],
  samples: readonly SftSample[],
): Promise<Inferred> {
  type Facts = Pick<Inferred, 'answers' | 'sharedVectors'>;
  const { tensors, facts } = await stage<Facts>(context, 'infer', async (checkpoint) => {
    const prompts = samples.map(({ prompt }) => prompt);
    const { itemHidden, itemDistributions, userDistributions, ...facts } = await read(
      itemTexts,
      prompts,
      checkpoint,
    );
    const N = itemTexts.length;
    const K = itemDistributions.length / N;
    return {
      tensors: new Map([
        ['itemHidden', matrix(itemHidden, itemHidden.length / N)],
        ['itemDistributions', matrix(itemDistributions, K)],
        ['userDistributions', matrix(forEveryUser(userIds, samples, userDistributions), K)],
      ]),
      facts,
    };
  });
  return {
    itemHidden: tensors.get('itemHidden')!.values,
    itemDistributions: tensors.get('itemDistributions')!.values,
    userDistributions: tensors.get('userDistributions')!.values,
    ...facts,
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
  const rowOf = new Map(
    samples.map(({ userId }, row) => [userId, distributions.subarray(row * K, (row + 1) * K)]),
  );
  const all = new Float32Array(userIds.length * K);
  userIds.forEach((userId, user) => {
    all.set(rowOf.get(userId) ?? mean, user * K);
  });
  return all;
}
