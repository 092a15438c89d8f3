// Stage: user-level SFT of the language model; leaves a LoRA adapter and a category head beside the base
// model.
import path from 'node:path';
import type { SftSample } from '../../src/instructions/sft-samples.ts';
import type { Architecture } from '../../src/language-model/architecture.ts';
import { type BaseModel, loadAdapter, saveAdapter } from '../../src/language-model/files/model-folder.ts';
import type { TunedModel } from '../../src/language-model/pooled/tuned-model.ts';
import { tokensWithin } from '../../src/language-model/training/step-memory.ts';
import { fineTuneOnUsers } from '../../src/language-model/training/user-level-sft.ts';
import type { Preset } from '../presets.ts';
import { type StageContext, stage } from '../stage.ts';

/** Longest prompt in tokens, where the model reads as many; of a longer one the oldest part is cut. */
export const LONGEST_PROMPT = 256;
export const longestPrompt = ({ config }: Architecture): number =>
  Math.min(LONGEST_PROMPT, config.max_position_embeddings);

const BATCH_SIZE = 32;
/**
 * What a step may take beside the weights, about: a small model reads a batch at once, a large one a few
 * prompts.
 */
export const STEP_BYTES = 1.5e9;
const PATIENCE = 2;

/** What is tuned, and how fast it is to learn. */
export interface Base extends BaseModel {
  readonly learningRate: number;
}

export interface FineTuned {
  readonly model: TunedModel;
  readonly adapterFolder: string;
  /**
   * Cross-entropy on held-out users in nats, and that of answering the mean distribution to everybody; if
   * tuned here.
   */
  readonly heldOutLoss?: number;
  readonly meanAnswerLoss?: number;
  /** How fast it was tuned here, and the most memory that the process has held until its end, in bytes. */
  readonly tuning?: { readonly tokensPerSecond: number; readonly peakMemory: number };
}

export async function fineTune(
  context: StageContext,
  samples: readonly SftSample[],
  categoryCount: number,
  base: Base,
  { languageModel: { lora, sft } }: Preset,
): Promise<FineTuned> {
  const adapterFolder = path.join(context.folder, 'adapter');
  const { facts } = await stage(context, 'fine-tune', async (checkpoint) => {
    const maxTokens = longestPrompt(base.architecture);
    const prompts = await base.tokenizer.encode(samples.map(({ prompt }) => prompt));
    const examples = samples.map(({ target }, i) => ({ tokens: prompts[i], target }));
    const result = await fineTuneOnUsers(examples, base, {
      lora,
      categoryCount,
      batchSize: BATCH_SIZE,
      tokensAtOnce: tokensWithin(STEP_BYTES, base.architecture, maxTokens),
      maxTokens,
      epochs: sft.epochs,
      patience: PATIENCE,
      samplesPerEpoch: sft.samplesPerEpoch,
      learningRate: base.learningRate,
      seed: `${context.seed}/fine-tune`,
      checkpoint,
      progress: context.progress,
    });
    saveAdapter(adapterFolder, result.model, path.relative(adapterFolder, base.folder));
    const { heldOutLoss, meanAnswerLoss, tokensPerSecond, history } = result;
    const tuning = { tokensPerSecond, peakMemory: 1024 * process.resourceUsage().maxRSS };
    return {
      tensors: new Map(),
      facts: { heldOutLoss, meanAnswerLoss, tuning, epochs: history.length },
    };
  });
  return { ...facts, model: await loadAdapter(adapterFolder, base), adapterFolder };
}
