// What a user did not take, drawn at random.
import type { Random } from '../../random.ts';
import type { Offer } from '../recommender.ts';

export interface NegativeSampler {
  /** Any item. */
  any(random: Random): number;
  /**
   * An item that may come next for the sequence's user: not one of its own, unless users meet that one
   * again.
   */
  notOf(sequence: Int32Array, random: Random): number;
}

export function createNegativeSampler({ itemCount, repeatable }: Offer): NegativeSampler {
  // What is left out for each sequence, rising: a tenth of what sets would take.
  const leftOutOf = new Map<Int32Array, Int32Array>();
  const leftOut = (sequence: Int32Array): Int32Array => {
    let items = leftOutOf.get(sequence);
    if (!items) {
      items = Int32Array.from(new Set(sequence.filter((item) => !repeatable[item]))).sort();
      leftOutOf.set(sequence, items);
    }
    return items;
  };
  const any = (random: Random) => random.integer(itemCount);
  return {
    any,
    notOf(sequence, random) {
      const items = leftOut(sequence);
      let item = any(random);
      while (holds(items, item) && items.length < itemCount) item = any(random);
      return item;
    },
  };
}

/** Whether `item` is among the rising `items`. */
function holds(items: Int32Array, item: number): boolean {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (items[middle] < item) from = middle + 1;
    else to = middle;
  }
  return items[from] === item;
}
