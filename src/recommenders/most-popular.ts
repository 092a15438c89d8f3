// The baseline that knows no user: items by how often they occur in training.
import { interactionCounts } from '../interactions/occurring-items.ts';
import type { Recommender } from './recommender.ts';

export function mostPopular(sequences: readonly Int32Array[], itemCount: number): Recommender {
  const counts = interactionCounts(sequences, itemCount);
  return {
    async score({ histories }, candidates) {
      if (candidates) return Float32Array.from(candidates, (item) => counts[item]);
      const scores = new Float32Array(histories.length * itemCount);
      histories.forEach((_, b) => {
        scores.set(counts, b * itemCount);
      });
      return scores;
    },
    release: async () => {},
  };
}
