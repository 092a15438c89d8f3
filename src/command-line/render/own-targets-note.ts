// What a reader of ranking figures is told of users who are asked for an item that they have.
import type { OwnTargets } from '../../recommenders/own-targets.ts';

const inWords = ({ validation, test }: OwnTargets): string =>
  `${test.users} of ${test.of} users of the test and ${validation.users} of ${validation.of} of validation`;

export const certainMisses = (targets: OwnTargets): string =>
  `${inWords(targets)} are asked for one that they have, a certain miss`;

export const repeatsRanked = (targets: OwnTargets): string =>
  `${inWords(targets)} are asked for an item that they have and that no training history holds twice, more ` +
  'than half of one of the two: what users have is ranked for them again.';

/** One sentence, or none where nobody is asked for one. */
export function ownTargetsNote(targets: OwnTargets): string[] {
  if (targets.ranked) return [repeatsRanked(targets)];
  if (targets.validation.users + targets.test.users === 0) return [];
  return [
    `Items that are in no training history twice are not ranked for users who have them; ` +
      `${certainMisses(targets)}.`,
  ];
}
