// Stage: what people do. A SASRec trained from noise; its item vectors are where the latent categories come from.
import path from 'node:path';
import type { Split } from '../../src/interactions/dataset.ts';
import { type RankingMetrics, rankingMetrics } from '../../src/recommenders/metrics.ts';
import { testItems, validationItems } from '../../src/recommenders/next-items.ts';
import { createRanker, type RecommenderOptions, trainRecommender } from '../../src/recommenders/recommender.ts';
import type { Preset } from '../presets.ts';
import { matrix, type StageContext, stage } from '../stage.ts';

export interface PretrainedRecommender {
  /** [N, d]. */
  readonly itemVectors: Float32Array;
  readonly test: RankingMetrics;
}

export async function pretrainRecommender(
  context: StageContext,
  recommender: RecommenderOptions,
  split: Split,
  preset: Preset,
): Promise<PretrainedRecommender> {
  const { tensors, facts } = await stage(context, 'pretrain', async () => {
    const trained = await trainRecommender(recommender, split.train, validationItems(split), {
      ...preset.recommender,
      table: { kind: 'random' },
      seed: `${context.seed}/pretrain`,
      checkpoint: path.join(context.folder, 'pretrain.checkpoint'),
      progress: context.progress,
      name: 'recommender: pre-train',
    });
    const ranker = await createRanker(recommender);
    const test = rankingMetrics(await ranker.ranks(trained.values, trained.itemVectors, testItems(split)));
    await ranker.release();
    return {
      tensors: new Map([['itemVectors', matrix(trained.itemVectors, recommender.width)]]),
      facts: { test, epochs: trained.bestEpoch + 1 },
    };
  });
  return { itemVectors: tensors.get('itemVectors')!.values, test: facts.test };
}
