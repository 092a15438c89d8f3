// Planted data: small worlds in which the right answer is known.
import type { NextItems, Split } from '../../src/interactions/dataset.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { createRandom } from '../../src/random.ts';
import type { DataProfile } from '../../src/recommenders/data-profile.ts';

export const N = 40;

/** Alternates between two items a user likes: order matters, popularity says nothing. */
export function alternating(count: number, seed: number): Int32Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const pair = [random.integer(N), random.integer(N)];
    return Int32Array.from({ length: 7 }, (_, i) => pair[i % 2]);
  });
}

export const lastOf = (sequences: readonly Int32Array[]): NextItems => ({
  users: Int32Array.from(sequences.keys()),
  histories: sequences.map((sequence) => sequence.subarray(0, -1)),
  targets: Int32Array.from(sequences, (sequence) => sequence.at(-1)!),
});

/**
 * Trained on `count` users who alternate between some pairs of items, asked for users of other pairs: 200 of
 * all 780.
 */
export function alternatingSplit(count: number): Split {
  const random = createRandom('pairs');
  const pairs = random.shuffle(
    Array.from({ length: N }, (_, b) => Array.from({ length: b }, (_, a) => [a, b])).flat(),
  );
  const alternate = (pair: readonly number[]) => {
    const order = random.shuffle([...pair]);
    return Int32Array.from({ length: 7 }, (_, i) => order[i % 2]);
  };
  const held = lastOf(pairs.slice(0, 200).map(alternate));
  const train = Array.from({ length: count }, () =>
    alternate(pairs[200 + random.integer(pairs.length - 200)]),
  );
  return { name: 'leave-one-out', train, validation: held, test: held };
}

export const CATEGORY_SIZE = 8;

/**
 * 300 users stay inside one of five categories of eight items, the items in any order and none twice; one
 * user more has nearly all items, and another one far more interactions than there are items.
 */
export function categorySplit(): Split {
  const random = createRandom('categories');
  const sequences = Array.from({ length: 300 }, (_, user) => {
    const items = Int32Array.from({ length: CATEGORY_SIZE }, (_, i) => (user % 5) + 5 * i);
    return random.shuffle(items).slice(0, 6);
  });
  const everything = Int32Array.from({ length: N - 1 }, (_, i) => i);
  const heavy = Int32Array.from({ length: 70 }, (_, i) => 5 * (i % CATEGORY_SIZE));
  return leaveOneOut([...sequences, everything, heavy]);
}

export const profile = (over: Partial<DataProfile> = {}): DataProfile => ({
  itemCount: N,
  userCount: 800,
  repeatable: new Uint8Array(N).fill(1),
  length: 8,
  isDense: true,
  ...over,
});
