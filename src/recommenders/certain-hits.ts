// Users for whom no more items are ranked than a cut-off has: wherever the right one ranks, it is a hit. So
// it is with a small catalogue of which users have most, or with few sampled candidates.
import { TslrecError } from '../errors.ts';
import type { NextItems, Split } from '../interactions/dataset.ts';
import { CUT_OFFS } from './metrics.ts';
import { type Asked, isMost } from './own-targets.ts';
import type { Offer } from './recommender.ts';

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

const DECIDING_CUT_OFF = 10;

/** Refuses to rank the catalogue where that would say nothing about most of the test. */
export function checkHitsUncertain(hits: readonly CertainHits[]): void {
  const most = hits.find(({ cutOff, test }) => cutOff === DECIDING_CUT_OFF && isMost(test));
  if (!most) return;
  const { users, of } = most.test;
  throw new TslrecError(
    'bad-data',
    `${users} of ${of} users of the test are asked among ${DECIDING_CUT_OFF} items or fewer, because they ` +
      'have the others of the catalogue and those are not ranked again: each is a certain hit, so that ' +
      'figures would say nothing; give data with more items.',
  );
}
