// Stage: a tuned model reads every item and every user: hidden vectors of the items, and its own distribution
// over the latent categories for both, cold items and quiet users included.
import { DEFAULT_PROMPT, renderPrompt, type SftSample } from '../../src/instructions/sft-samples.ts';
import type { Item, UserId } from '../../src/interactions/dataset.ts';
import type { Learning } from '../experiment.ts';
import type { AnswerCounts } from '../reading/read-answers.ts';
import { defineStage, matrix, runStage } from '../stage.ts';
import type { Samples } from './instruct.ts';

/** What a model says of items and users. */
export interface Readings {
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
) => Promise<Readings>;

export interface Inferred extends Readings {
  /** Of the stage. */
  readonly key: string;
}

/** `model` names what reads: the key of the stage that has tuned it, or the sha256 of its files. */
export async function infer(
  learning: Learning,
  { samples, key }: Samples,
  model: string,
  read: Read,
): Promise<Inferred> {
  const { dataset, hashes, preset } = learning;
  const { userIds } = dataset;
  const itemTexts = itemPrompts(dataset.items);
  const stage = defineStage('infer', 1, {
    model,
    samples: key,
    items: hashes.items,
    longestPrompt: preset.languageModel.prompt.longest,
  });
  type Facts = Pick<Readings, 'answers' | 'sharedVectors'>;
  const { tensors, facts } = await runStage<Facts>(learning, stage, async ({ checkpoint }) => {
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
    key: stage.key,
    itemHidden: tensors.get('itemHidden')!.values,
    itemDistributions: tensors.get('itemDistributions')!.values,
    userDistributions: tensors.get('userDistributions')!.values,
    ...facts,
  };
}

/** An item alone, asked about in the words in which users are. */
export const itemPrompts = (items: readonly Item[]): string[] =>
  items.map((item) => renderPrompt([item], DEFAULT_PROMPT.descriptionWords));

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
