// A preset in which the whole flow takes a second or two.
import { PRESETS, type Preset } from '../../jobs/presets.ts';

const { quick } = PRESETS;

/** SASRec takes one epoch, so that validation has none to choose. */
export const tiny: Preset = {
  ...quick,
  width: 8,
  recommender: { steps: 1, patience: 0, batchSize: 16, positionsPerStep: 200, learningRate: 1e-2 },
  adaptation: { ...quick.adaptation, members: 1, hidden: 8, learningRate: 1e-2 },
  languageModel: {
    own: {
      ...quick.languageModel.own,
      ...{ vocabularySize: 300, hiddenSize: 16, layers: 1, heads: 2 },
      pretraining: { ...quick.languageModel.own.pretraining, tokens: 10_000 },
    },
    lora: { rank: 2, alpha: 4, dropout: 0.05 },
    sft: { ...quick.languageModel.sft, epochs: 1, samplesPerEpoch: 64 },
    prompt: { ...quick.languageModel.prompt, items: 3 },
  },
  textFeatures: 8,
  warmStartModes: ['frozen+residual'],
};

/** Several epochs, whatever validation says. */
export const patient: Preset = { ...tiny, recommender: { ...tiny.recommender, steps: 12, patience: 100 } };
