// Stage: what people do. A SASRec trained from noise; its item vectors are where the latent categories come from.
import type { Split } from '../../src/interactions/dataset.ts';
import type { NamedTensor } from '../../src/network/safetensors.ts';
import { type RankingMetrics, rankingMetrics } from '../../src/recommenders/metrics.ts';
import { rankInCatalogue } from '../../src/recommenders/ranking.ts';
import { type SequenceModel, trainSequenceModel } from '../../src/recommenders/sequence-model.ts';
import type { Preset } from '../presets.ts';
import { matrix, type StageContext, stage } from '../stage.ts';

export interface PretrainedRecommender {
  /** [N, d]. */
  readonly itemVectors: NamedTensor;
  /** Absent where somebody's own recommender was trained elsewhere. */
  readonly test?: RankingMetrics;
}

export async function pretrainRecommender(
  context: StageContext,
  model: SequenceModel,
  split: Split,
  preset: Preset,
): Promise<PretrainedRecommender> {
  const { tensors, facts } = await stage(context, 'pretrain', async (checkpoint) => {
    const trained = await trainSequenceModel(model, split.train, split.validation, {
      ...preset.recommender,
      table: { kind: 'random' },
      seed: `${context.seed}/pretrain`,
      checkpoint,
      progress: context.progress,
      name: 'recommender: pre-train',
    });
    const test = rankingMetrics(await rankInCatalogue(trained.recommender, model, split.test));
    await trained.recommender.release();
    return {
      tensors: new Map([['itemVectors', matrix(trained.itemVectors, model.width)]]),
      facts: { test, epochs: trained.bestEpoch + 1 },
    };
  });
  return { itemVectors: tensors.get('itemVectors')!, test: facts.test };
}
