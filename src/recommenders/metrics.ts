// Ranking metrics with one relevant item a user. rank is 0-based: the number of items before it.

export interface RankingMetrics {
  readonly 'hr@5': number;
  readonly 'hr@10': number;
  readonly 'hr@20': number;
  readonly 'ndcg@5': number;
  readonly 'ndcg@10': number;
  readonly 'ndcg@20': number;
  readonly 'mrr@5': number;
  readonly 'mrr@10': number;
  readonly 'mrr@20': number;
}

/** Means over users: HR = [rank < k], NDCG = [rank < k] / log2(rank + 2), MRR = [rank < k] / (rank + 1). */
export function rankingMetrics(ranks: Int32Array): RankingMetrics {
  const mean = (k: number, gain: (rank: number) => number) => {
    let sum = 0;
    for (const rank of ranks) if (rank < k) sum += gain(rank);
    return ranks.length === 0 ? 0 : sum / ranks.length;
  };
  const hr = (k: number) => mean(k, () => 1);
  const ndcg = (k: number) => mean(k, (rank) => 1 / Math.log2(rank + 2));
  const mrr = (k: number) => mean(k, (rank) => 1 / (rank + 1));
  return {
    'hr@5': hr(5),
    'hr@10': hr(10),
    'hr@20': hr(20),
    'ndcg@5': ndcg(5),
    'ndcg@10': ndcg(10),
    'ndcg@20': ndcg(20),
    'mrr@5': mrr(5),
    'mrr@10': mrr(10),
    'mrr@20': mrr(20),
  };
}
