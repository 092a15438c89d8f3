// Stage: a tuned model reads every item, and every user of what is published: hidden vectors of the items,
// and its own distribution over the latent categories for both, cold items and quiet users included. What the
// same model has read before is not read again.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../../src/files.ts';
import { readKept } from '../../src/formats/kept-file.ts';
import type { NamedTensor } from '../../src/formats/safetensors.ts';
import { itemPrompts, type SftSample } from '../../src/instructions/sft-samples.ts';
import type { UserId } from '../../src/interactions/dataset.ts';
import type { OpenReader } from '../../src/language-model/reading/catalogue-reader.ts';
import { type AnswerCounts, sumOfCounts } from '../../src/language-model/reading/read-answers.ts';
import {
  NOTHING_REMEMBERED,
  rememberingReader,
  textKey,
} from '../../src/language-model/reading/remembered.ts';
import type { ReadBefore } from '../before.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, OUTPUT, runStage, type Stage, stageFolder } from '../stage.ts';
import type { Samples } from './instruct.ts';

export interface Inferred {
  readonly stage: Stage;
  /** The key of what has read. */
  readonly model: string;
  /** [N, H]. */
  readonly itemHidden: Float32Array;
  /** [N, K]. */
  readonly itemDistributions: Float32Array;
  /**
   * [U, K]; a user without a sample gets the mean of the others. Absent in the fit that is measured: nothing
   * is made of them there.
   */
  readonly userDistributions?: Float32Array;
  /** How many texts were read. */
  readonly textsRead: number;
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
  before?: ReadBefore,
): Promise<Inferred> {
  const { dataset, hashes, lesson, preset } = learning;
  const readsUsers = lesson.suffix !== '';
  const stage = defineStage(`infer${lesson.suffix}`, 1, {
    model,
    samples: readsUsers ? key : undefined,
    items: hashes.items,
    longestPrompt: preset.languageModel.prompt.longest,
  });
  type Facts = Pick<Inferred, 'answers' | 'sharedVectors' | 'textsRead'>;
  const { tensors, facts } = await runStage<Facts>(learning, stage, async ({ folder, checkpoint }) => {
    const known = before?.model === model ? before : NOTHING_REMEMBERED;
    const reader = rememberingReader(open, known, checkpoint);
    const texts = { items: itemPrompts(dataset.items), users: samples.map(({ prompt }) => prompt) };
    try {
      const items = await reader.readItems(texts.items);
      const users = readsUsers ? await reader.readUsers(texts.users) : undefined;
      const row = (values: Float32Array, of: readonly string[]) => matrix(values, values.length / of.length);
      const tensors = new Map<string, NamedTensor>([
        ['itemHidden', row(items.hidden, texts.items)],
        ['itemDistributions', row(items.distributions, texts.items)],
      ]);
      if (users) tensors.set('promptDistributions', row(users.distributions, texts.users));
      const keys = { items: texts.items.map(textKey), users: users ? texts.users.map(textKey) : [] };
      writeFileAtomically(path.join(folder, TEXTS), JSON.stringify(keys));
      return {
        tensors,
        facts: {
          textsRead: reader.textsRead,
          answers: sumOfCounts(items.answers, users?.answers),
          sharedVectors: items.sharedVectors,
        },
      };
    } finally {
      await reader.release();
    }
  });
  const ofPrompts = tensors.get('promptDistributions');
  return {
    stage,
    model,
    itemHidden: tensors.get('itemHidden')!.values,
    itemDistributions: tensors.get('itemDistributions')!.values,
    userDistributions: ofPrompts && forEveryUser(dataset.userIds, samples, ofPrompts.values),
    ...facts,
  };
}

/** The keys of the texts that were read, in the order of the rows. */
const TEXTS = 'texts.json';

/** What a stage has left of a model's readings. */
export async function readBefore(
  learning: Learning,
  { stage, model }: Pick<Inferred, 'stage' | 'model'>,
): Promise<ReadBefore> {
  const folder = stageFolder(learning, stage);
  const kept = await readKept(path.join(folder, OUTPUT));
  const keys = JSON.parse(readFileSync(path.join(folder, TEXTS), 'utf8')) as {
    readonly items: readonly string[];
    readonly users: readonly string[];
  };
  const rowsOf = (name: string) => {
    const { shape, values } = kept!.tensors.get(name)!;
    return (row: number) => values.subarray(row * shape[1], (row + 1) * shape[1]);
  };
  const [hidden, distribution] = [rowsOf('itemHidden'), rowsOf('itemDistributions')];
  const items = keys.items.map(
    (key, row) => [key, { hidden: hidden(row), distribution: distribution(row) }] as const,
  );
  const users = keys.users.map((key, row) => [key, rowsOf('promptDistributions')(row)] as const);
  return { model, items: new Map(items), users: new Map(users) };
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
