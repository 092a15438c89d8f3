// Users for whom no more items are ranked than a cut-off has: wherever the right one ranks, it is a hit. So
// it is with a small catalogue of which users have most, or with few sampled candidates.
import type { NextItems, Split } from '../interactions/dataset.ts';
import { CUT_OFFS } from './metrics.ts';
import type { Asked } from './own-targets.ts';
import type { Offer } from './ranking.ts';

export interface CertainHits {
  readonly cutOff: number;
  readonly validation: Asked;
  readonly test: Asked;
}

/** At each cut-off; `sampled` items beside the right one are ranked, or the whole catalogue. */
export function certainHits(
  { validation, test }: Split,
  { itemCount, repeatable }: Offer,
  cutOffs: readonly number[] = CUT_OFFS,
  sampled?: number,
): CertainHits[] {
  const rankedFor = ({ histories, targets }: NextItems): number[] =>
    histories.map((history, row) => {
      if (sampled !== undefined) return 1 + sampled;
      const leftOut = new Set(history.filter((item) => !repeatable[item]));
      const isCertainMiss = leftOut.has(targets[row]);
      return isCertainMiss ? Number.POSITIVE_INFINITY : itemCount - leftOut.size;
    });
  const ranked = { validation: rankedFor(validation), test: rankedFor(test) };
  const atMost = (counts: readonly number[], cutOff: number): Asked => ({
    users: counts.filter((count) => count <= cutOff).length,
    of: counts.length,
  });
  return cutOffs.map((cutOff) => ({
    cutOff,
    validation: atMost(ranked.validation, cutOff),
    test: atMost(ranked.test, cutOff),
  }));
}
