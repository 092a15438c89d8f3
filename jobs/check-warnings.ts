// What is likely to be a mistake in the data, one sentence each, with what to do. Public data sets are warned
// of, too, where it is true of them: half of the steps of ml-100k take no time.
import type { DataSummary } from '../src/interactions/data-summary.ts';
import type { SplitName } from '../src/interactions/dataset.ts';
import type { ReadingReport } from '../src/layouts/read-dataset.ts';
import type { OwnTargets } from '../src/recommenders/own-targets.ts';

/** What `check` finds in the data. */
export interface Found extends ReadingReport, DataSummary {
  readonly dataset: string;
  readonly itemsWithText: number;
  /** Items with interactions, without text. */
  readonly occurringWithoutText: number;
  /** Items whose text another one has, too. */
  readonly itemsOfSameText: number;
  /** Users who are asked, by split; or why nobody is. */
  readonly splits: Readonly<Record<SplitName, SplitCheck>>;
}

export type SplitCheck =
  | {
      readonly validation: number;
      readonly test: number;
      /** Users of the test who are asked for an item that they have had, whatever others have twice. */
      readonly testOfOwn: number;
      readonly ownTargets: OwnTargets;
    }
  | { readonly refused: string };

const SECONDS_A_YEAR = 365.25 * 86_400;
/** Smaller ones are positions or counts: as seconds they would lie before 1973. */
export const LEAST_DATE = 1e8;
/** Fewer are no sample of anything. */
const FEW = 20;
/** One in a hundred is one at least. */
const MANY = 100;

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export function warningsOn(found: Found): string[] {
  return [...onText(found), ...onHistories(found), ...onTimes(found), ...onShares(found), ...onRows(found)];
}

function onText(found: Found): string[] {
  const { items, itemsWithText, itemsOfSameText, itemsWithoutInteractions, occurringWithoutText } = found;
  const occurring = items - itemsWithoutInteractions;
  const warnings: string[] = [];
  if (itemsWithText === 0)
    warnings.push(
      'No item has text: there is nothing for a language model to read; give items a title or attributes.',
    );
  else if (2 * occurringWithoutText > occurring)
    warnings.push(
      `${occurringWithoutText} of ${occurring} items with interactions have no text; see that their ids ` +
        "are those of the items' table.",
    );
  if (2 * itemsOfSameText > itemsWithText && itemsWithText >= FEW)
    warnings.push(
      `${itemsOfSameText} of ${itemsWithText} items have the text of another one: text cannot tell them ` +
        'apart; give more of what is known.',
    );
  if (2 * itemsWithoutInteractions > items)
    warnings.push(
      `${itemsWithoutInteractions} of ${items} items have no interactions: their vectors come from text ` +
        'alone; see that the ids of both tables are the same.',
    );
  return warnings;
}

function onHistories({ users, interactions, historyLengths, repeats, splits }: Found): string[] {
  const warnings: string[] = [];
  const asked = splits['leave-one-out'];
  if ('refused' in asked) warnings.push(`No refresh can learn from this: ${asked.refused}`);
  else if (2 * asked.test < users)
    warnings.push(
      `${users - asked.test} of ${users} users have fewer than three interactions and are not asked about; ` +
        'see that the user is the right column.',
    );
  if (!('refused' in asked) && asked.ownTargets.ranked)
    warnings.push(
      `${asked.ownTargets.test.users} of ${asked.ownTargets.test.of} users of the test are asked for an ` +
        'item that they have: what users have is ranked for them again.',
    );
  if (2 * repeats > interactions)
    warnings.push(
      `${percent(repeats / interactions)} of all interactions are with an item that the user has had ` +
        'before; where those are clicks of one visit, keep one of each.',
    );
  const { most, ofMost } = historyLengths;
  if (users >= FEW && most >= 10 && 10 * ofMost > users)
    warnings.push(
      `${ofMost} of ${users} users have exactly ${most} interactions and nobody has more, as where ` +
        'histories were cut; give all of them.',
    );
  if (most > 100_000)
    warnings.push(`One user has ${most} interactions, more than a person makes; leave out who is none.`);
  return warnings;
}

const DIGITS_OF_A_DATE =
  'Digits such as 20240531 or 20240531180000 are read as a number of seconds or milliseconds: write ' +
  '2024-05-31T18:00:00Z.';
const isDigitsOfADate = (time: number): boolean => time > 19_000_101 && time < 21_001_231;
const yearOf = (seconds: number): number => 1970 + Math.floor(seconds / SECONDS_A_YEAR);

function onTimes({ timed, times: { first, last, tiedSteps, steps }, splits }: Found): string[] {
  if (!timed) return ['Interactions have no time: the order of the rows is taken for the order in time.'];
  if (first === last) return ['All times are the same: the order of the rows is the order in time.'];
  if (first >= 0 && last < LEAST_DATE)
    return [
      `Times go from ${first} to ${last}, which are positions or counts and no dates: use the ` +
        `leave-one-out split.${isDigitsOfADate(first) ? ` ${DIGITS_OF_A_DATE}` : ''}`,
    ];
  const warnings: string[] = [];
  const now = Date.now() / 1e3;
  if (first < 0 || last > now + SECONDS_A_YEAR)
    warnings.push(
      `Times go from ${yearOf(first)} to ${yearOf(last)}: before 1970, or more than a year from now; see ` +
        `that they are times. ${DIGITS_OF_A_DATE}`,
    );
  if (2 * tiedSteps > steps)
    warnings.push(
      `${percent(tiedSteps / steps)} of the steps from one interaction of a user to the next take no time: ` +
        'their order is that of the rows; give finer times.',
    );
  if ('refused' in splits.time && !('refused' in splits['leave-one-out']))
    warnings.push(`The split by time cannot be used: ${splits.time.refused}`);
  return warnings;
}

function onShares({ users, items, shares, idsAlike, idsOfNothing }: Found): string[] {
  const warnings: string[] = [];
  if (idsOfNothing.length > 0)
    warnings.push(
      `There are the ids ${idsOfNothing.map((id) => JSON.stringify(id)).join(', ')}: such a user or item ` +
        'is all rows that have none; leave them out, unless it means one.',
    );
  if (users >= FEW && shares.user > 0.2)
    warnings.push(`One user has ${percent(shares.user)} of all interactions; leave out who is no person.`);
  if (items >= FEW && shares.item > 0.5)
    warnings.push(`One item has ${percent(shares.item)} of all interactions; see that it is an item.`);
  else if (items >= MANY && shares.topItems > 0.8)
    warnings.push(
      `${percent(shares.topItems)} of all interactions are with one in a hundred items: little is learnt ` +
        'of the others; see that the item is the right column.',
    );
  if (idsAlike > 0)
    warnings.push(
      `${idsAlike} ids are those of others but for capital letters, blanks, leading zeros or a .0 at the ` +
        'end; if they mean the same, write them alike.',
    );
  return warnings;
}

function onRows({ interactions, duplicateRows, skippedRows }: Found): string[] {
  const rows = interactions + duplicateRows + skippedRows;
  const warnings: string[] = [];
  if (5 * duplicateRows > rows)
    warnings.push(
      `${duplicateRows} of ${rows} rows repeat another one to the second; see where they come from.`,
    );
  if (20 * skippedRows > rows) warnings.push(`${skippedRows} of ${rows} rows are bad; see what they have.`);
  return warnings;
}
