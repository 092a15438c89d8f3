// Stage: users -> SFT samples, one a user, kept as JSON lines for people and for outside trainers.
import path from 'node:path';
import { writeFileAtomically } from '../../src/files.ts';
import {
  buildSftSamples,
  DEFAULT_PROMPT,
  type PromptOptions,
  promptTemplateHash,
  type SftSample,
} from '../../src/instructions/sft-samples.ts';
import type { Learning } from '../experiment.ts';
import type { Preset } from '../presets.ts';
import { defineStage, runStage, type Stage } from '../stage.ts';
import type { Categories } from './categorise.ts';

export interface Samples {
  /** Of the stage: what a language model is tuned for elsewhere says which samples it has seen. */
  readonly key: string;
  readonly samples: readonly SftSample[];
}

/** What a prompt lists. */
export const promptOf = ({ languageModel }: Preset): PromptOptions => ({
  ...DEFAULT_PROMPT,
  maxItems: languageModel.prompt.items,
});

export const instruction = ({ hashes, lesson, preset }: Learning, categories: Pick<Stage, 'key'>): Stage =>
  defineStage(`instruct${lesson.suffix}`, 1, {
    categories: categories.key,
    lesson: lesson.key,
    items: hashes.items,
    users: hashes.users,
    prompt: promptTemplateHash(promptOf(preset)),
  });

export async function instruct(learning: Learning, categories: Categories): Promise<Samples> {
  const { dataset, lesson, preset } = learning;
  const { preferences, categoryCount } = categories;
  const prompt = promptOf(preset);
  const stage = instruction(learning, categories.stage);
  const { sequences: train } = lesson;
  const samples = buildSftSamples({ dataset, train, preferences, categoryCount, ...prompt });
  await runStage(learning, stage, async ({ folder }) => {
    const lines = samples.map((sample) => `${JSON.stringify({ ...sample, target: [...sample.target] })}\n`);
    writeFileAtomically(path.join(folder, 'instructions.jsonl'), lines);
    return {
      tensors: new Map(),
      facts: { samples: samples.length, promptTemplate: promptTemplateHash(prompt) },
    };
  });
  return { key: stage.key, samples };
}
