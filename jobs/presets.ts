// How much is spent on learning: every number that something is learnt with. What can be derived from the
// data is derived in the stages, by the rules that stand here.
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
   * The most items of a history that item vectors are learnt with: every position is a target, and longer
   * ones taught no better vectors (docs/LOG.md).
   */
  readonly longestHistory: number;
  /** K: so many items a category, from 2 to `most` categories. */
  readonly categories: { readonly most: number; readonly itemsPerCategory: number };
  /** How many numbers TF-IDF + SVD makes of an item's text. */
  readonly textFeatures: number;
  readonly languageModel: LanguageModelPreset;
  readonly adaptation: AdaptationPreset;
  /** The length of the rows of TF-IDF alone, which item tables are compared with. */
  readonly textComponentRows: number;
  /** What a night costs that goes on from the last version. */
  readonly night: NightPreset;
  /** How recommenders are tried with the embeddings, so that the version tells what is best. */
  readonly warmStartModes: readonly WarmStartMode[];
}

export interface NightPreset {
  /** Of each training. */
  readonly epochs: number;
  /** Of the learning rates of a full fit. */
  readonly learningRateShare: number;
  /**
   * Users who have done nothing new are learnt from as well, so that what they have taught stays: so many for
   * each who has, and at least this many.
   */
  readonly replay: number;
  readonly leastReplay: number;
  /** A new item starts as the mean of so many that are nearest to it in words, among the most touched. */
  readonly neighbours: number;
  readonly mostCandidates: number;
}

export interface LanguageModelPreset {
  /** The small model that is trained on the catalogue's own words. */
  readonly own: {
    readonly vocabularySize: number;
    readonly hiddenSize: number;
    readonly layers: number;
    readonly heads: number;
    /** Tokens that it can read. */
    readonly positions: number;
    readonly pretraining: {
      readonly tokens: number;
      /** How often the same text is read at most: more would only be learnt by heart. */
      readonly mostPasses: number;
      /** Tokens of a training row. */
      readonly rowLength: number;
      readonly batchSize: number;
      readonly learningRate: number;
      /** How much of a description it reads. */
      readonly descriptionWords: number;
    };
  };
  readonly lora: LoraConfig;
  readonly sft: {
    readonly epochs: number;
    readonly patience: number;
    readonly samplesPerEpoch: number;
    readonly batchSize: number;
    /** What has only read this catalogue has little to lose; a model from elsewhere has. */
    readonly learningRate: { readonly own: number; readonly external: number };
    /**
     * What a step may take beside the weights, about: a small model reads a batch at once, a large one a few
     * prompts.
     */
    readonly stepBytes: number;
  };
  readonly prompt: {
    readonly items: number;
    /** In tokens, where the model reads as many; of a longer one the oldest part is cut. */
    readonly longest: number;
  };
}

/** The adapters that turn features into item vectors: how many are learnt and merged, and how each one is. */
export interface AdaptationPreset {
  readonly members: number;
  readonly hidden: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  /**
   * The length of the rows of a block that leads: long enough for the adapter's GELU to bend. On
   * amazon-industrial validation NDCG@10 was .1133 with 1, .1163 with 8 and .1129 with 20 (docs/LOG.md).
   */
  readonly leadingRows: number;
  /** And of a block that stands beside it. */
  readonly companionRows: number;
}

const LORA: LoraConfig = { rank: 16, alpha: 32, dropout: 0.05 };
const PRETRAINING = {
  mostPasses: 8,
  rowLength: 128,
  batchSize: 32,
  learningRate: 2e-3,
  descriptionWords: 100,
};
const SFT = { patience: 2, batchSize: 32, learningRate: { own: 2e-3, external: 5e-4 }, stepBytes: 1.5e9 };
const PROMPT = { items: 10, longest: 256 };
const ADAPTATION = { weightDecay: 0.1, leadingRows: 8, companionRows: 1 };
const SHARED = {
  width: 64,
  longestHistory: 50,
  categories: { most: 64, itemsPerCategory: 50 },
  /** A deviation of .3 an entry for d 64: on validation the best of .1 to 1.2 (docs/LOG.md). */
  textComponentRows: 2.4,
  night: {
    epochs: 2,
    learningRateShare: 0.25,
    replay: 4,
    leastReplay: 256,
    neighbours: 10,
    mostCandidates: 10_000,
  },
};

export const PRESETS: Record<PresetName, Preset> = {
  quick: {
    ...SHARED,
    recommender: { steps: 2_000, patience: 5, batchSize: 128, positionsPerStep: 3_200, learningRate: 2e-3 },
    textFeatures: 128,
    languageModel: {
      own: {
        ...{ vocabularySize: 2_048, hiddenSize: 64, layers: 2, heads: 4, positions: 512 },
        pretraining: { ...PRETRAINING, tokens: 400_000 },
      },
      lora: LORA,
      sft: { ...SFT, epochs: 6, samplesPerEpoch: 2_000 },
      prompt: PROMPT,
    },
    adaptation: { ...ADAPTATION, members: 2, hidden: 128, learningRate: 2e-3 },
    warmStartModes: ['init', 'frozen', 'frozen+residual'],
  },
  standard: {
    ...SHARED,
    recommender: { steps: 10_000, patience: 10, batchSize: 128, positionsPerStep: 3_200, learningRate: 2e-3 },
    textFeatures: 384,
    languageModel: {
      own: {
        ...{ vocabularySize: 4_096, hiddenSize: 128, layers: 2, heads: 4, positions: 512 },
        pretraining: { ...PRETRAINING, tokens: 1_500_000 },
      },
      lora: LORA,
      sft: { ...SFT, epochs: 10, samplesPerEpoch: 4_000 },
      prompt: PROMPT,
    },
    adaptation: { ...ADAPTATION, members: 3, hidden: 256, learningRate: 1e-3 },
    warmStartModes: WARM_START_MODES,
  },
};

/** The adapter of recommenders that start from published vectors. */
export const warmStartAdapter = ({ adaptation }: Preset) => ({
  hidden: adaptation.hidden,
  rowLength: adaptation.leadingRows,
});
