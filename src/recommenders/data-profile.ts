// What is read off the data before a recommender is chosen.
import type { Dataset, Split } from '../interactions/dataset.ts';
import { repeatedItems } from '../interactions/occurring-items.ts';
import { ownTargets } from './own-targets.ts';

export interface DataProfile {
  readonly itemCount: number;
  readonly userCount: number;
  /**
   * Items that are ranked again for a user who has them [N], 1 or 0: those that some training history holds
   * twice (no rating is, no tool that is bought once), or all of them (own-targets.ts).
   */
  readonly repeatable: Uint8Array;
  /** L: how many of a user's last items a recommender sees. */
  readonly length: number;
  /** Whether training histories are long, as ratings are. */
  readonly isDense: boolean;
}

const SHORTEST = 10;
const LONGEST = 200;
/** From this mean length on, training histories are dense. */
const DENSE_LENGTH = 50;

/**
 * L holds nine out of ten training histories, between 10 and 200, unless it is given. Who has no history does
 * not count.
 */
export function profileOf(
  { items, userIds }: Pick<Dataset, 'items' | 'userIds'>,
  split: Split,
  L?: number,
): DataProfile {
  const { train } = split;
  const lengths = train
    .map((sequence) => sequence.length)
    .filter((length) => length > 0)
    .sort((a, b) => a - b);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const mostly = lengths[Math.floor(0.9 * (lengths.length - 1))] ?? 0;
  return {
    itemCount: items.length,
    userCount: userIds.length,
    repeatable: ownTargets(split, items.length).ranked
      ? new Uint8Array(items.length).fill(1)
      : repeatedItems(train, items.length),
    length: L ?? Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(mostly / 10) * 10)),
    isDense: mean >= DENSE_LENGTH,
  };
}
