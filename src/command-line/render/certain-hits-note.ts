// What a reader of ranking figures is told of users who are asked among too few items.
import type { CertainHits } from '../../recommenders/certain-hits.ts';

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
