// A recommender trained in a stage, and how well it ranks: what pre-training and the trials of warm starts
// share.
import type { Split } from '../src/interactions/dataset.ts';
import { type RankingMetrics, rankingMetrics } from '../src/recommenders/metrics.ts';
import { rankInCatalogue } from '../src/recommenders/ranking.ts';
import type { Patience, TrainingOptions } from '../src/recommenders/recommender.ts';
import type { SequenceModel } from '../src/recommenders/sequence-model.ts';

export interface Reached {
  /** NDCG@10 of the best epoch, which validation has chosen. */
  readonly validationNdcg: number;
  readonly test: RankingMetrics;
  /** Epochs up to the best one. */
  readonly epochs: number;
}

export interface TrainedAndRanked {
  readonly reached: Reached;
  /** [N, d]. */
  readonly itemVectors: Float32Array;
}

export async function trainAndRank(
  model: SequenceModel,
  split: Split,
  { steps, patience, ...training }: Omit<TrainingOptions, 'stopping'> & Patience,
): Promise<TrainedAndRanked> {
  const trained = await model.train(split.train, {
    ...training,
    stopping: { kind: 'early', validation: split.validation, steps, patience },
  });
  const test = rankingMetrics(await rankInCatalogue(trained.recommender, model, split.test));
  await trained.recommender.release();
  const { bestEpoch, history, itemVectors } = trained;
  return {
    reached: { validationNdcg: history[bestEpoch]?.metric ?? 0, test, epochs: bestEpoch + 1 },
    itemVectors,
  };
}
