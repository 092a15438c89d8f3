// Stage: what people do. A SASRec trained from noise; its item vectors are where the latent categories come
// from.
import type { NamedTensor } from '../../src/formats/safetensors.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage, type Stage } from '../stage.ts';
import { type Reached, trainAndRank } from '../train-and-rank.ts';

export interface PretrainedRecommender {
  /** Of the stage. */
  readonly key: string;
  /** [N, d]. */
  readonly itemVectors: NamedTensor;
  /** Absent where somebody's own recommender was trained elsewhere. */
  readonly reached?: Reached;
}

/** What a SASRec of the preset is trained on, and how. */
export const backboneInputs = ({ hashes, backbone, preset }: Learning) => ({
  split: hashes.split,
  backbone: { length: backbone.length, width: backbone.width },
  recommender: preset.recommender,
});

export const pretraining = (learning: Learning): Stage =>
  defineStage('pretrain', 1, { ...backboneInputs(learning), seed: learning.seed });

export async function pretrainRecommender(learning: Learning): Promise<PretrainedRecommender> {
  const { backbone, split, preset, seed, progress } = learning;
  const stage = pretraining(learning);
  const { tensors, facts } = await runStage(learning, stage, async ({ checkpoint }) => {
    const { reached, itemVectors } = await trainAndRank(backbone, split, {
      ...preset.recommender,
      table: { kind: 'random' },
      seed: `${seed}/pretrain`,
      checkpoint,
      progress,
      name: 'recommender: pre-train',
    });
    return { tensors: new Map([['itemVectors', matrix(itemVectors, backbone.width)]]), facts: reached };
  });
  return { key: stage.key, itemVectors: tensors.get('itemVectors')!, reached: facts };
}
