// How much a refresh spends. Few dials; what can be derived from the data is derived in the stages.
import { createHash } from 'node:crypto';
import { WARM_START_MODES, type WarmStartMode } from '../src/evaluation/warm-start.ts';
import type { LoraConfig } from '../src/network/transformer/lora.ts';

export type PresetName = 'quick' | 'standard';

export interface Preset {
  /** d: width of the recommender's and of the published vectors. */
  readonly width: number;
  /**
   * A training of SASRec ends after this many steps, or `patience` epochs (and PATIENT_STEPS) without a
   * better validation.
   */
  readonly recommender: {
    readonly steps: number;
    readonly patience: number;
    readonly batchSize: number;
    readonly positionsPerStep: number;
    readonly learningRate: number;
  };
  /**
   * The adapters that turn features into item vectors: how many are learnt and merged, and how each one is.
   */
  readonly adaptation: {
    readonly members: number;
    readonly hidden: number;
    readonly learningRate: number;
    readonly weightDecay: number;
  };
  readonly languageModel: {
    readonly vocabularySize: number;
    readonly hiddenSize: number;
    readonly layers: number;
    readonly heads: number;
    readonly pretrainingTokens: number;
    readonly lora: LoraConfig;
    readonly sft: {
      readonly epochs: number;
      readonly samplesPerEpoch: number;
      readonly itemsPerPrompt: number;
    };
  };
  readonly textFeatures: number;
  /** How recommenders are tried with the embeddings, so that the version tells what is best. */
  readonly warmStartModes: readonly WarmStartMode[];
}

const LORA: LoraConfig = { rank: 16, alpha: 32, dropout: 0.05 };

export const PRESETS: Record<PresetName, Preset> = {
  quick: {
    width: 64,
    recommender: { steps: 2_000, patience: 5, batchSize: 128, positionsPerStep: 3_200, learningRate: 2e-3 },
    adaptation: { members: 2, hidden: 128, learningRate: 2e-3, weightDecay: 0.1 },
    languageModel: {
      vocabularySize: 2_048,
      hiddenSize: 64,
      layers: 2,
      heads: 4,
      pretrainingTokens: 400_000,
      lora: LORA,
      sft: { epochs: 6, samplesPerEpoch: 2_000, itemsPerPrompt: 10 },
    },
    textFeatures: 128,
    warmStartModes: ['init', 'frozen', 'frozen+residual'],
  },
  standard: {
    width: 64,
    recommender: { steps: 10_000, patience: 10, batchSize: 128, positionsPerStep: 3_200, learningRate: 2e-3 },
    adaptation: { members: 3, hidden: 256, learningRate: 1e-3, weightDecay: 0.1 },
    languageModel: {
      vocabularySize: 4_096,
      hiddenSize: 128,
      layers: 2,
      heads: 4,
      pretrainingTokens: 1_500_000,
      lora: LORA,
      sft: { epochs: 10, samplesPerEpoch: 4_000, itemsPerPrompt: 10 },
    },
    textFeatures: 384,
    warmStartModes: WARM_START_MODES,
  },
};

/**
 * Raised whenever a stage computes something else from the same input: old working files are then not reused.
 */
const PIPELINE_REVISION = 17;

/**
 * Raised whenever other categories or prompts come of the same input: what was tuned on the old ones is then
 * refused.
 */
const SAMPLES_REVISION = 4;

export interface WorkInput {
  readonly datasetHash: string;
  readonly splitHash: string;
  readonly preset: Preset;
  readonly seed: number;
  readonly srsHash: string | undefined;
}

/** Names the work that a refresh does: the same of all these shares its finished stages. */
export const workKey = (input: WorkInput): string => keyOf({ ...input, PIPELINE_REVISION });

/**
 * Names the samples of the user-level SFT, and the categories in them: what a language model is tuned for
 * elsewhere.
 */
export function samplesKey({ preset, ...input }: WorkInput): string {
  const { width, recommender, languageModel } = preset;
  const { itemsPerPrompt } = languageModel.sft;
  return keyOf({ ...input, width, recommender, itemsPerPrompt, SAMPLES_REVISION });
}

/** Names the training of one recommender: a checkpoint of the same one is gone on from. */
export const trainingKey = (input: {
  readonly datasetHash: string;
  readonly model: string;
  readonly length: number;
  readonly preset: PresetName;
  readonly seed: number;
}): string => keyOf({ ...input, ...PRESETS[input.preset].recommender, PIPELINE_REVISION });

const keyOf = (input: object): string =>
  createHash('sha256').update(JSON.stringify(input)).digest('hex').slice(0, 16);
