// Where the item that came next ranks: in the whole catalogue, or among sampled candidates as some papers
// have it. Legend: n queries, N items, C candidates.
import { invariant } from '../errors.ts';
import type { NextItems } from '../interactions/dataset.ts';
import { createRandom } from '../random.ts';
import type { Offer, Recommender } from './recommender.ts';

/** The rank of what was left out: below every cut-off, and exact in float32. */
export const NOT_RANKED = 2 ** 30;

const QUERIES_AT_ONCE = 64;
/** Most scores at once: a catalogue of a million items is ranked for 16 users at a time. */
const SCORES_AT_ONCE = 2 ** 24;

/**
 * Each target's rank in the catalogue by score, from 0 [n]; among equal scores the lower index ranks higher.
 * Items of the user's history that are not repeatable are left out; a target among them is `NOT_RANKED`.
 */
export async function rankInCatalogue(
  recommender: Recommender,
  { itemCount, repeatable }: Offer,
  next: NextItems,
): Promise<Int32Array> {
  const ranks = new Int32Array(next.targets.length);
  for (const part of parts(next, queriesAtOnce(itemCount))) {
    const scores = await recommender.score(part);
    part.rows.forEach((row, b) => {
      const leftOut = next.histories[row].filter((item) => !repeatable[item]);
      ranks[row] = rankOf(scores.subarray(b * itemCount, (b + 1) * itemCount), next.targets[row], leftOut);
    });
  }
  return ranks;
}

/**
 * How many queries at once: a recommender may score the whole catalogue even where few candidates are asked
 * for.
 */
const queriesAtOnce = (itemCount: number): number =>
  Math.max(1, Math.min(QUERIES_AT_ONCE, Math.floor(SCORES_AT_ONCE / itemCount)));

/**
 * Each target's rank among its candidates [n, C], the first of which is the target itself; ties as in the
 * catalogue.
 */
export async function rankAmong(
  recommender: Recommender,
  { itemCount }: Pick<Offer, 'itemCount'>,
  next: NextItems,
  candidates: Int32Array,
): Promise<Int32Array> {
  const C = candidates.length / next.targets.length;
  const ranks = new Int32Array(next.targets.length);
  for (const part of parts(next, queriesAtOnce(itemCount))) {
    const asked = new Int32Array(part.rows.length * C);
    part.rows.forEach((row, b) => {
      asked.set(candidates.subarray(row * C, (row + 1) * C), b * C);
    });
    const scores = await recommender.score(part, asked);
    part.rows.forEach((row, b) => {
      const score = finite(scores[b * C], asked[b * C]);
      for (let c = 1; c < C; c++)
        if (isBefore(scores[b * C + c], asked[b * C + c], score, asked[b * C])) ranks[row]++;
    });
  }
  return ranks;
}

/** Of each user, how many items are neither in the history nor the target [n]. */
export const lackedItems = ({ histories, targets }: NextItems, itemCount: number): number[] =>
  histories.map((history, row) => itemCount - new Set(history).add(targets[row]).size);

/**
 * The target and `negatives` other items [n, 1 + negatives], of which no user lacks fewer (`lackedItems`),
 * drawn uniformly from what is not in the user's history; the same for every recommender, since they follow
 * from the seed.
 */
export function drawCandidates(
  next: NextItems,
  itemCount: number,
  negatives: number,
  seed: string,
): Int32Array {
  const random = createRandom(seed);
  const C = 1 + negatives;
  const candidates = new Int32Array(next.targets.length * C);
  next.targets.forEach((target, row) => {
    const taken = new Set(next.histories[row]).add(target);
    invariant(
      itemCount - taken.size >= negatives,
      `${negatives} candidates asked of ${itemCount - taken.size}`,
    );
    candidates[row * C] = target;
    for (let c = 1; c < C; ) {
      const item = random.integer(itemCount);
      if (taken.has(item)) continue;
      taken.add(item);
      candidates[row * C + c++] = item;
    }
  });
  return candidates;
}

interface Part {
  readonly rows: readonly number[];
  readonly users: Int32Array;
  readonly histories: readonly Int32Array[];
}

/** Queries of about the same length go together: a recommender may then compute shorter ones faster. */
function* parts({ users, histories }: NextItems, size: number): Generator<Part> {
  const byLength = Array.from(histories.keys()).sort(
    (a, b) => histories[a].length - histories[b].length || a - b,
  );
  for (let from = 0; from < byLength.length; from += size) {
    const rows = byLength.slice(from, from + size);
    yield {
      rows,
      users: Int32Array.from(rows, (row) => users[row]),
      histories: rows.map((row) => histories[row]),
    };
  }
}

/** How many items rank before the target, those in `leftOut` not counted. */
function rankOf(scores: Float32Array, target: number, leftOut: Int32Array): number {
  if (leftOut.includes(target)) return NOT_RANKED;
  const score = finite(scores[target], target);
  let rank = 0;
  for (let i = 0; i < scores.length; i++)
    if (scores[i] >= score && isBefore(scores[i], i, score, target)) rank++;
  for (const item of new Set(leftOut)) if (isBefore(scores[item], item, score, target)) rank--;
  return rank;
}

const isBefore = (score: number, item: number, otherScore: number, other: number): boolean =>
  score > otherScore || (score === otherScore && item < other);

function finite(score: number, item: number): number {
  invariant(Number.isFinite(score), `item ${item} scores ${score}: the training diverged`);
  return score;
}
