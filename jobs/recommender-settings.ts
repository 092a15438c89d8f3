// The SASRec that every stage and every arm of the evaluation trains: the same one, so that a comparison
// compares item vectors. Its length follows from the data.
import type { Dataset, Split } from '../src/interactions/dataset.ts';
import type { RecommenderOptions, TrainingOptions } from '../src/recommenders/recommender.ts';
import { SASREC_DEFAULTS, sasrec } from '../src/recommenders/sasrec.ts';
import type { Preset } from './presets.ts';

const SHORTEST = 10;
const LONGEST = 200;

/** L holds nine out of ten training histories, between 10 and 200. */
export function recommenderFor(dataset: Dataset, { train }: Split, { width }: Preset): RecommenderOptions {
  const lengths = train.map((sequence) => sequence.length).sort((a, b) => a - b);
  const mostly = lengths[Math.floor(0.9 * (lengths.length - 1))];
  const length = Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(mostly / 10) * 10));
  return { encoder: sasrec(SASREC_DEFAULTS), itemCount: dataset.items.length, width, length };
}

export function trainingSettings({
  recommender,
}: Preset): Pick<TrainingOptions, 'batchSize' | 'steps' | 'patience' | 'learningRate'> {
  return { ...recommender, learningRate: 2e-3 };
}
