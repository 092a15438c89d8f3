// Do an item's nearest vectors belong to the items that people have beside it? The true neighbourhood is read
// off the sequences, a ranking off the vectors, and a few figures say how much of the one is at the head of
// the other.

/** The items beside one item, and how often each stands there. */
export type Neighbourhood = ReadonlyMap<number, number>;

/** For each of `items`: those of `among` that stand directly before or after it. */
export function trueNeighbourhoods(
  sequences: readonly Int32Array[],
  items: Iterable<number>,
  among: ReadonlySet<number>,
): Map<number, Neighbourhood> {
  const counts = new Map<number, Map<number, number>>(Array.from(items, (item) => [item, new Map()]));
  const count = (item: number, neighbour: number) => {
    const ofItem = counts.get(item);
    if (ofItem && neighbour !== item && among.has(neighbour))
      ofItem.set(neighbour, (ofItem.get(neighbour) ?? 0) + 1);
  };
  for (const sequence of sequences) {
    for (let i = 1; i < sequence.length; i++) {
      count(sequence[i], sequence[i - 1]);
      count(sequence[i - 1], sequence[i]);
    }
  }
  return counts;
}

export const FIGURES = ['hit@10', 'hit@20', 'recall@10', 'recall@20', 'ndcg@10'] as const;
export type Figures = Readonly<Record<(typeof FIGURES)[number], number>>;
/** How much of a ranking the figures look at. */
export const DEEPEST = 20;

/**
 * For one item with T true neighbours g, how often each stands beside it; the ranking is best first.
 *   hit@k     1 where the first k hold a true neighbour
 *   recall@k  true neighbours among the first k / min(T, k)
 *   ndcg@k    sum over r < k of g[ranking[r]] / log2(r + 2), divided by the same of the best ranking there is
 */
export function neighbourhoodFigures(ranking: ArrayLike<number>, g: Neighbourhood): Figures {
  const gains = Array.from(ranking, (item) => g.get(item) ?? 0);
  const found = (k: number) => gains.slice(0, k).filter((gain) => gain > 0).length;
  return {
    'hit@10': Math.min(1, found(10)),
    'hit@20': Math.min(1, found(20)),
    'recall@10': found(10) / Math.min(g.size, 10),
    'recall@20': found(20) / Math.min(g.size, 20),
    'ndcg@10': discounted(gains, 10) / discounted(bestGains(g), 10),
  };
}

/** What a ranking of M items at random is expected to have of the same figures. */
export function chanceFigures(M: number, g: Neighbourhood): Figures {
  const T = g.size;
  const recall = (k: number) => (Math.min(k, M) * T) / M / Math.min(T, k);
  const meanGain = bestGains(g).reduce((sum, gain) => sum + gain, 0) / M;
  const anyRanking = new Array<number>(Math.min(10, M)).fill(meanGain);
  return {
    'hit@10': chanceOfHit(M, T, 10),
    'hit@20': chanceOfHit(M, T, 20),
    'recall@10': recall(10),
    'recall@20': recall(20),
    'ndcg@10': discounted(anyRanking, 10) / discounted(bestGains(g), 10),
  };
}

/** 1 - C(M - T, k) / C(M, k). */
function chanceOfHit(M: number, T: number, k: number): number {
  let missed = 1;
  for (let drawn = 0; drawn < Math.min(k, M); drawn++) missed *= Math.max(0, M - T - drawn) / (M - drawn);
  return 1 - missed;
}

const bestGains = (g: Neighbourhood): number[] => [...g.values()].sort((a, b) => b - a);

const discounted = (gains: readonly number[], k: number): number =>
  gains.slice(0, k).reduce((sum, gain, r) => sum + gain / Math.log2(r + 2), 0);
