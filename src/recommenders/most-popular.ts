// The baseline that knows no user: items by how often they occur in training.
import type { Recommender } from './recommender.ts';

export function mostPopular(sequences: readonly Int32Array[], itemCount: number): Recommender {
  const counts = new Float32Array(itemCount);
  for (const sequence of sequences) for (const item of sequence) counts[item]++;
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
