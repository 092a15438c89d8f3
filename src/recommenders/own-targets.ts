// Users whose right item is one that they have and that no training history holds twice. Rankings leave such
// items out for who has them, so that the right one is a certain miss. Where most of the users are asked for
// one, the data are of another kind than the rule is for, and figures under it would say nothing: it is
// dropped, for validation and the test alike. Nothing that is learnt depends on it but the epoch that
// validation chooses.
import type { NextItems, Split } from '../interactions/dataset.ts';
import { repeatedItems } from '../interactions/occurring-items.ts';

export interface OwnTargets {
  readonly validation: Asked;
  readonly test: Asked;
  /** Whether what users have is ranked all the same. */
  readonly ranked: boolean;
}

/** So many users, of all that are asked. */
export interface Asked {
  readonly users: number;
  readonly of: number;
}

export function ownTargets({ train, validation, test }: Split, itemCount: number): OwnTargets {
  const repeated = repeatedItems(train, itemCount);
  const askedForOwn = ({ histories, targets }: NextItems): Asked => ({
    users: histories.filter((history, row) => !repeated[targets[row]] && history.includes(targets[row]))
      .length,
    of: targets.length,
  });
  const [ofValidation, ofTest] = [askedForOwn(validation), askedForOwn(test)];
  return { validation: ofValidation, test: ofTest, ranked: isMost(ofValidation) || isMost(ofTest) };
}

export const isMost = ({ users, of }: Asked): boolean => 2 * users > of;
