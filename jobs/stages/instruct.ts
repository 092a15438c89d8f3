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
import type { Dataset, Split } from '../../src/interactions/dataset.ts';
import type { Preset } from '../presets.ts';
import { type StageContext, stage } from '../stage.ts';
import type { Categories } from './categorise.ts';

/** What a prompt lists. */
export const promptOf = ({ languageModel }: Preset): PromptOptions => ({
  ...DEFAULT_PROMPT,
  maxItems: languageModel.sft.itemsPerPrompt,
});

export async function instruct(
  context: StageContext,
  dataset: Dataset,
  { train }: Split,
  { preferences, categoryCount }: Categories,
  preset: Preset,
): Promise<SftSample[]> {
  const prompt = promptOf(preset);
  const samples = buildSftSamples({ dataset, train, preferences, categoryCount, ...prompt });
  await stage(context, 'instruct', async () => {
    const lines = samples.map((sample) => `${JSON.stringify({ ...sample, target: [...sample.target] })}\n`);
    writeFileAtomically(path.join(context.folder, 'instructions.jsonl'), lines);
    return {
      tensors: new Map(),
      facts: { samples: samples.length, promptTemplate: promptTemplateHash(prompt) },
    };
  });
  return samples;
}
