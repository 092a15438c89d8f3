// What a reader of ranking figures is told of users who are asked among too few items.
import { TslrecError } from '../src/errors.ts';
import type { CertainHits } from '../src/recommenders/certain-hits.ts';
import { isMost } from '../src/recommenders/own-targets.ts';

const DECIDING_CUT_OFF = 10;

/** One sentence, or none where nobody is. */
export function certainHitsNote(hits: readonly CertainHits[]): string[] {
  const some = hits.filter(({ validation, test }) => validation.users + test.users > 0);
  if (some.length === 0) return [];
  const inWords = some.map(
    ({ cutOff, validation, test }) =>
      `at ${cutOff} ${test.users} of ${test.of} users of the test and ${validation.users} of ` +
      `${validation.of} of validation`,
  );
  return [`Asked among no more items than the cut-off has, a certain hit: ${inWords.join('; ')}.`];
}

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
