// A data set in numbers: what there is to learn from, and how it is spread over users and items.
import type { Dataset } from './dataset.ts';
import { interactionCounts } from './occurring-items.ts';

export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly mean: number;
  readonly most: number;
  /** How many have the most. */
  readonly ofMost: number;
  /** bins[0] counts zeros, bins[1] ones, bins[b] those from 2^(b-2) + 1 to 2^(b-1). */
  readonly bins: readonly number[];
}

export interface DataSummary {
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  /** Interactions a user. */
  readonly historyLengths: Spread;
  /** Interactions an item. */
  readonly popularity: Spread;
  readonly itemsWithoutInteractions: number;
  /** Interactions with an item that the user has had before. */
  readonly repeats: number;
  /** Of the largest user, the most popular item and the hundredth of the items that occur most. */
  readonly shares: { readonly user: number; readonly item: number; readonly topItems: number };
  readonly times: TimeSummary;
  /** Users and items whose id is another one's, written in another way. */
  readonly idsAlike: number;
  /** Ids that are a word for nothing, such as NULL. */
  readonly idsOfNothing: readonly string[];
}

export interface TimeSummary {
  readonly first: number;
  readonly last: number;
  /** Of a user's steps from one interaction to the next: those without any time between. */
  readonly tiedSteps: number;
  readonly steps: number;
}

export function summarise({ items, userIds, sequences, times }: Dataset): DataSummary {
  const lengths = Int32Array.from(sequences, ({ length }) => length);
  const counts = interactionCounts(sequences, items.length);
  const historyLengths = spreadOf(lengths);
  const popularity = spreadOf(counts);
  const interactions = lengths.reduce((sum, length) => sum + length, 0);
  const descending = counts.toSorted().reverse();
  const top = descending.subarray(0, Math.ceil(items.length / 100)).reduce((sum, count) => sum + count, 0);
  const ids = items.map(({ itemId }) => itemId);
  return {
    users: sequences.length,
    items: items.length,
    interactions,
    historyLengths,
    popularity,
    itemsWithoutInteractions: counts.filter((count) => count === 0).length,
    repeats: repeatsIn(sequences),
    shares: {
      user: historyLengths.most / interactions,
      item: popularity.most / interactions,
      topItems: top / interactions,
    },
    times: timesIn(times),
    idsAlike: alike(userIds) + alike(ids),
    idsOfNothing: [...userIds, ...ids].filter((id) => NOTHING.test(id)),
  };
}

function spreadOf(counts: Int32Array): Spread {
  const sorted = counts.toSorted();
  const bins: number[] = [];
  let sum = 0;
  for (const count of counts) {
    const bin = count === 0 ? 0 : Math.ceil(Math.log2(count)) + 1;
    while (bins.length <= bin) bins.push(0);
    bins[bin]++;
    sum += count;
  }
  return {
    least: sorted[0],
    median: (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2,
    mean: sum / sorted.length,
    most: sorted[sorted.length - 1],
    ofMost: sorted.length - sorted.indexOf(sorted[sorted.length - 1]),
    bins,
  };
}

function repeatsIn(sequences: readonly Int32Array[]): number {
  return sequences.reduce((sum, sequence) => sum + sequence.length - new Set(sequence).size, 0);
}

function timesIn(times: readonly Float64Array[]): TimeSummary {
  let [first, last, tiedSteps, steps] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const ofUser of times) {
    if (ofUser.length === 0) continue;
    first = Math.min(first, ofUser[0]);
    last = Math.max(last, ofUser[ofUser.length - 1]);
    steps += ofUser.length - 1;
    for (let i = 1; i < ofUser.length; i++) if (ofUser[i] === ofUser[i - 1]) tiedSteps++;
  }
  return { first, last, tiedSteps, steps };
}

const alike = (ids: readonly string[]): number => ids.length - new Set(ids.map(plainId)).size;

/** Spreadsheets lose leading zeros and capitals; a column of whole numbers and gaps turns 12 into 12.0. */
const plainId = (id: string): string =>
  id
    .normalize('NFKC')
    .replace(/\s+/g, '')
    .toLowerCase()
    .replace(/^0*(\d+?)(\.0+)?$/, '$1');

const NOTHING = /^(null|nan|none|nil|n\/?a|undefined|<na>|\\n|-)$/i;
