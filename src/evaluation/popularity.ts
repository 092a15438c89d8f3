// Items by how much training knows of them, so that what helps rare items does not hide behind popular ones.
import { interactionCounts } from '../interactions/occurring-items.ts';

export const POPULARITY_GROUPS = ['head', 'tail', 'cold'] as const;
export type PopularityGroup = (typeof POPULARITY_GROUPS)[number];

const HEAD_SHARE = 0.2;

/**
 * head: the fifth of the items that training has most often; cold: the items it has never; tail: all others.
 * [N]
 */
export function popularityGroups(train: readonly Int32Array[], itemCount: number): PopularityGroup[] {
  const counts = interactionCounts(train, itemCount);
  const byCount = Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a] || a - b);
  const groups = Array.from(counts, (count): PopularityGroup => (count === 0 ? 'cold' : 'tail'));
  for (const item of byCount.slice(0, Math.round(HEAD_SHARE * itemCount)))
    if (counts[item] > 0) groups[item] = 'head';
  return groups;
}
