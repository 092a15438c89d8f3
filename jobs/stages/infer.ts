// Stage: a tuned model reads every item and every user: hidden vectors of the items, and its own distribution
// over the latent categories for both, cold items and quiet users included.
import { itemPrompts, type SftSample } from '../../src/instructions/sft-samples.ts';
import type { UserId } from '../../src/interactions/dataset.ts';
import type { OpenReader } from '../../src/language-model/reading/catalogue-reader.ts';
import type { AnswerCounts } from '../../src/language-model/reading/read-answers.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage } from '../stage.ts';
import type { Samples } from './instruct.ts';

export interface Inferred {
  /** Of the stage. */
  readonly key: string;
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

/** `model` names what reads: the key of the stage that has tuned it, or the sha256 of its files. */
export async function infer(
  learning: Learning,
  { samples, key }: Samples,
  model: string,
  open: OpenReader,
): Promise<Inferred> {
  const { dataset, hashes, preset } = learning;
  const stage = defineStage('infer', 1, {
    model,
    samples: key,
    items: hashes.items,
    longestPrompt: preset.languageModel.prompt.longest,
  });
  type Facts = Pick<Inferred, 'answers' | 'sharedVectors'>;
  const { tensors, facts } = await runStage<Facts>(learning, stage, async ({ checkpoint }) => {
    const reader = await open(checkpoint);
    try {
      const items = await reader.readItems(itemPrompts(dataset.items));
      const users = await reader.readUsers(samples.map(({ prompt }) => prompt));
      const N = dataset.items.length;
      const K = items.distributions.length / N;
      return {
        tensors: new Map([
          ['itemHidden', matrix(items.hidden, items.hidden.length / N)],
          ['itemDistributions', matrix(items.distributions, K)],
          ['userDistributions', matrix(forEveryUser(dataset.userIds, samples, users.distributions), K)],
        ]),
        facts: { answers: sumOf(items.answers, users.answers), sharedVectors: items.sharedVectors },
      };
    } finally {
      await reader.release();
    }
  });
  return {
    key: stage.key,
    itemHidden: tensors.get('itemHidden')!.values,
    itemDistributions: tensors.get('itemDistributions')!.values,
    userDistributions: tensors.get('userDistributions')!.values,
    ...facts,
  };
}

const sumOf = (a?: AnswerCounts, b?: AnswerCounts): AnswerCounts | undefined =>
  a &&
  b && {
    answers: a.answers + b.answers,
    malformed: a.malformed + b.malformed,
    givenUp: a.givenUp + b.givenUp,
  };

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
