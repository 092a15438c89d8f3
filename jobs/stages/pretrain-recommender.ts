// Stage: what people do. A SASRec trained from noise; its item vectors are where the latent categories come
// from.

import type { NamedTensor } from '../../src/formats/safetensors.ts';
import type { Split } from '../../src/interactions/dataset.ts';
import type { SequenceModel } from '../../src/recommenders/sequence-model.ts';
import type { Preset } from '../presets.ts';
import { matrix, type StageContext, stage } from '../stage.ts';
import { type Reached, trainAndRank } from '../train-and-rank.ts';

export interface PretrainedRecommender {
  /** [N, d]. */
  readonly itemVectors: NamedTensor;
  /** Absent where somebody's own recommender was trained elsewhere. */
  readonly reached?: Reached;
}

export async function pretrainRecommender(
  context: StageContext,
  model: SequenceModel,
  split: Split,
  preset: Preset,
): Promise<PretrainedRecommender> {
  const { tensors, facts } = await stage(context, 'pretrain', async (checkpoint) => {
    const { reached, itemVectors } = await trainAndRank(model, split, {
      ...preset.recommender,
      table: { kind: 'random' },
      seed: `${context.seed}/pretrain`,
      checkpoint,
      progress: context.progress,
      name: 'recommender: pre-train',
    });
    return { tensors: new Map([['itemVectors', matrix(itemVectors, model.width)]]), facts: reached };
  });
  return { itemVectors: tensors.get('itemVectors')!, reached: facts };
}
