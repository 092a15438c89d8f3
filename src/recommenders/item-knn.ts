// Item-based nearest neighbours (Sarwar et al., WWW 2001): an item scores by its cosine to the items of the
// history, over the users who have both. Cosine: |A and B| / sqrt(|A| |B|).
//
// Deviations from the paper:
// - who has an item counts, not ratings, so that the cosine is not adjusted for users' means;
// - it is shrunk for pairs that few share;
// - a history's items add up, not divided by the sum of their similarities, one that occurs twice twice;
// - recent items count more, as in later nearest neighbours of sessions (Ludewig and Jannach, arXiv
//   1803.09587: V-SkNN).
import { pickCandidates, type Recommender } from './recommender.ts';

export interface ItemKnnOptions {
  /** How many neighbours of each item are kept. */
  readonly neighbors: number;
  /** Added to the denominator. */
  readonly shrinkage: number;
  /** A history's item counts decay ^ (number of items after it). */
  readonly decay: number;
}

interface Neighbors {
  readonly items: Int32Array;
  readonly similarities: Float32Array;
}

export function itemKnn(
  sequences: readonly Int32Array[],
  itemCount: number,
  { neighbors, shrinkage, decay }: ItemKnnOptions,
): Recommender {
  const ofItem = findNeighbors(sequences, itemCount, neighbors, shrinkage);
  return {
    async score({ histories }, candidates) {
      const scores = new Float32Array(histories.length * itemCount);
      histories.forEach((history, b) => {
        const row = scores.subarray(b * itemCount, (b + 1) * itemCount);
        let weight = 1;
        for (let i = history.length - 1; i >= 0; i--, weight *= decay) {
          const { items, similarities } = ofItem[history[i]];
          for (let j = 0; j < items.length; j++) row[items[j]] += weight * similarities[j];
        }
      });
      return candidates ? pickCandidates(scores, candidates, itemCount) : scores;
    },
    release: async () => {},
  };
}

function findNeighbors(
  sequences: readonly Int32Array[],
  itemCount: number,
  count: number,
  shrinkage: number,
): Neighbors[] {
  const baskets = sequences.map((sequence) => [...new Set(sequence)]);
  const usersOf: number[][] = Array.from({ length: itemCount }, () => []);
  baskets.forEach((items, user) => {
    for (const item of items) usersOf[item].push(user);
  });
  const shared = new Float64Array(itemCount);
  return usersOf.map((users, item) => {
    const met: number[] = [];
    for (const user of users) {
      for (const other of baskets[user]) if (other !== item && shared[other]++ === 0) met.push(other);
    }
    const similarity = (other: number) =>
      shared[other] / (Math.sqrt(users.length * usersOf[other].length) + shrinkage);
    const best = met
      .map((other) => [other, similarity(other)] as const)
      .sort(([a, x], [b, y]) => y - x || a - b)
      .slice(0, count);
    for (const other of met) shared[other] = 0;
    return {
      items: Int32Array.from(best, ([other]) => other),
      similarities: Float32Array.from(best, ([, value]) => value),
    };
  });
}
