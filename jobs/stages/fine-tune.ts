// Stage: user-level SFT of the language model; leaves a LoRA adapter and a category head.
import path from 'node:path';
import type { Architecture } from '../../src/language-model/architecture.ts';
import { type BaseModel, loadAdapter, saveAdapter } from '../../src/language-model/files/model-folder.ts';
import type { TunedModel } from '../../src/language-model/pooled/tuned-model.ts';
import { tokensWithin } from '../../src/language-model/training/step-memory.ts';
import { fineTuneOnUsers } from '../../src/language-model/training/user-level-sft.ts';
import type { TuningBefore } from '../before.ts';
import type { Learning } from '../experiment.ts';
import type { Preset } from '../presets.ts';
import { defineStage, runStage, stageFolder } from '../stage.ts';
import type { Samples } from './instruct.ts';

/** Tokens of a prompt that are read. */
export const longestPrompt = ({ languageModel }: Preset, { config }: Architecture): number =>
  Math.min(languageModel.prompt.longest, config.max_position_embeddings);

/** What is tuned. */
export interface Base extends BaseModel {
  /** Of the stage that has trained it, or the sha256 of its files. */
  readonly key: string;
  /** How fast it is to learn. */
  readonly learningRate: number;
}

export interface FineTuned {
  /** Of the stage, or the sha256 of the files of one that was tuned elsewhere. */
  readonly key: string;
  readonly model: TunedModel;
  readonly adapterFolder: string;
  /**
   * Cross-entropy on held-out users in nats, and that of answering the mean distribution to everybody; if
   * tuned here.
   */
  readonly heldOutLoss?: number;
  readonly meanAnswerLoss?: number;
  /** Epochs up to the best one, if tuned here. */
  readonly epochs?: number;
  /** How fast it was tuned here, and the most memory that the process has held until its end, in bytes. */
  readonly tuning?: { readonly tokensPerSecond: number; readonly peakMemory: number };
}

export async function fineTune(
  learning: Learning,
  { samples, key }: Samples,
  categoryCount: number,
  base: Base,
  before?: TuningBefore,
): Promise<FineTuned> {
  const { preset, seed, progress, lesson } = learning;
  const { lora, sft, prompt } = preset.languageModel;
  const { learningRate } = base;
  const stage = defineStage(`fine-tune${lesson.suffix}`, 1, {
    samples: key,
    base: base.key,
    lora,
    sft: { ...sft, learningRate },
    longestPrompt: prompt.longest,
    epochs: before?.epochs,
    seed,
  });
  const adapterFolder = path.join(stageFolder(learning, stage), 'adapter');
  const { facts } = await runStage(learning, stage, async ({ checkpoint }) => {
    const maxTokens = longestPrompt(preset, base.architecture);
    const prompts = await base.tokenizer.encode(samples.map(({ prompt }) => prompt));
    const examples = samples.map(({ target }, i) => ({ tokens: prompts[i], target }));
    const result = await fineTuneOnUsers(examples, base, {
      lora,
      categoryCount,
      batchSize: sft.batchSize,
      tokensAtOnce: tokensWithin(sft.stepBytes, base.architecture, maxTokens),
      maxTokens,
      ...(before ? { epochs: before.epochs } : { epochs: sft.epochs, patience: sft.patience }),
      samplesPerEpoch: sft.samplesPerEpoch,
      learningRate,
      seed: `${seed}/fine-tune`,
      checkpoint,
      progress,
    });
    saveAdapter(adapterFolder, result.model, path.relative(adapterFolder, base.folder));
    const { heldOutLoss, meanAnswerLoss, tokensPerSecond, epochs } = result;
    const tuning = { tokensPerSecond, peakMemory: 1024 * process.resourceUsage().maxRSS };
    return {
      tensors: new Map(),
      facts: { heldOutLoss, meanAnswerLoss, tuning, epochs },
    };
  });
  return { ...facts, key: stage.key, model: await loadAdapter(adapterFolder, base), adapterFolder };
}
