// Ranking metrics with one relevant item a user. rank is 0-based: the number of items before it.

type MetricName = 'hr' | 'recall' | 'ndcg' | 'mrr';
/** By `ndcg@10`, `hr@5` and so on. */
export type RankingMetrics = Readonly<Record<`${MetricName}@${number}`, number>>;

export const CUT_OFFS: readonly number[] = [5, 10, 20];

/**
 * What a user gains from a rank below the cut-off. With one relevant item, recall is the hit rate by another
 * name.
 */
const GAINS: Readonly<Record<MetricName, (rank: number) => number>> = {
  hr: () => 1,
  recall: () => 1,
  ndcg: (rank) => 1 / Math.log2(rank + 2),
  mrr: (rank) => 1 / (rank + 1),
};

/** Means over users: HR = [rank < k], NDCG = [rank < k] / log2(rank + 2), MRR = [rank < k] / (rank + 1). */
export function rankingMetrics(ranks: Int32Array, cutOffs: readonly number[] = CUT_OFFS): RankingMetrics {
  const names = Object.keys(GAINS) as MetricName[];
  return Object.fromEntries(
    names.flatMap((name) => cutOffs.map((k) => [`${name}@${k}`, mean(ranks, k, GAINS[name])])),
  ) as RankingMetrics;
}

/** Each user's NDCG@k, whose mean is the metric. */
export const ndcgOfUsers = (ranks: Int32Array, k: number): Float64Array =>
  Float64Array.from(ranks, (rank) => (rank < k ? GAINS.ndcg(rank) : 0));

function mean(ranks: Int32Array, k: number, gain: (rank: number) => number): number {
  let sum = 0;
  for (const rank of ranks) if (rank < k) sum += gain(rank);
  return ranks.length === 0 ? 0 : sum / ranks.length;
}
