// The SASRec that every stage and every arm of the evaluation trains: the same one but for L, so that a comparison
// compares item vectors. What can be read off the data is.
import type { Dataset, Split } from '../src/interactions/dataset.ts';
import type { RecommenderOptions } from '../src/recommenders/recommender.ts';
import { sasrec } from '../src/recommenders/sasrec.ts';
import type { Preset } from './presets.ts';

const SHORTEST = 10;
const LONGEST = 200;
const LONGEST_LEARNING = 50;
/** From this mean length on, training histories are dense. */
const DENSE_LENGTH = 50;

/**
 * L holds nine out of ten training histories, between 10 and 200. Dropout is 0.2 on dense data and 0.5 on sparse
 * data, as SASRec's authors chose it (section IV-D: 0.2 for MovieLens, 0.5 for Amazon and Steam). Only items that
 * some training history holds twice are repeatable: no rating is, no tool that is bought once.
 */
export function recommenderFor(dataset: Dataset, { train }: Split, { width }: Preset): RecommenderOptions {
  const lengths = train.map((sequence) => sequence.length).sort((a, b) => a - b);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const mostly = lengths[Math.floor(0.9 * (lengths.length - 1))];
  const length = Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(mostly / 10) * 10));
  const dropout = mean >= DENSE_LENGTH ? 0.2 : 0.5;
  return {
    encoder: sasrec({ blocks: 2, heads: 1, feedForward: 2, dropout }),
    itemCount: dataset.items.length,
    width,
    length,
    repeatable: repeatableItems(train, dataset.items.length),
  };
}

/** The same to learn item vectors with: every position is still a target, with at most 50 items before it. */
export function learnerOf(recommender: RecommenderOptions): RecommenderOptions {
  return { ...recommender, length: Math.min(LONGEST_LEARNING, recommender.length) };
}

/** The items that some sequence holds twice: [N], 1 or 0. */
function repeatableItems(sequences: readonly Int32Array[], itemCount: number): Uint8Array {
  const repeatable = new Uint8Array(itemCount);
  for (const sequence of sequences) {
    const met = new Set<number>();
    for (const item of sequence) {
      if (met.has(item)) repeatable[item] = 1;
      met.add(item);
    }
  }
  return repeatable;
}
