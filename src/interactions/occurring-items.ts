// The part of a catalogue that sequences speak of, under numbers of its own. Legend: N items, W of them that
// occur.
import type { NextItems } from './dataset.ts';

export interface OccurringItems {
  /** The items that occur [W], rising. */
  readonly items: Int32Array;
  /** Their rows out of a matrix of the whole catalogue [N, width]. */
  rows<Matrix extends Float32Array | Uint8Array>(matrix: Matrix, width: number): Matrix;
  /** The other way round: rows [W, width] -> [N, width], zeros where an item does not occur. */
  inCatalogue(rows: Float32Array, width: number): Float32Array;
  /** Sequences of the items' new numbers, in [0, W). */
  renumbered(sequences: readonly Int32Array[]): Int32Array[];
  /** Of what comes next, only what occurs. Histories have to be of items that do. */
  occurring(next: NextItems): NextItems;
}

/** Each item that occurs, once, rising. */
export const itemsIn = (sequences: readonly Int32Array[]): Int32Array =>
  Int32Array.from(new Set(sequences.flatMap((sequence) => [...sequence]))).sort();

/** How often each item occurs [N]. */
export function interactionCounts(sequences: readonly Int32Array[], N: number): Int32Array {
  const counts = new Int32Array(N);
  for (const sequence of sequences) for (const item of sequence) counts[item]++;
  return counts;
}

/** Items that some sequence holds twice [N], 1 or 0. */
export function repeatedItems(sequences: readonly Int32Array[], N: number): Uint8Array {
  const repeated = new Uint8Array(N);
  for (const sequence of sequences) {
    const met = new Set<number>();
    for (const item of sequence) {
      if (met.has(item)) repeated[item] = 1;
      met.add(item);
    }
  }
  return repeated;
}

export function occurringItems(sequences: readonly Int32Array[], N: number): OccurringItems {
  const numberOf = new Int32Array(N).fill(-1);
  const items = itemsIn(sequences);
  items.forEach((item, number) => {
    numberOf[item] = number;
  });
  const renumbered = (of: readonly Int32Array[]) =>
    of.map((sequence) => sequence.map((item) => numberOf[item]));
  return {
    items,
    rows(matrix, width) {
      const rows = matrix.slice(0, items.length * width) as typeof matrix;
      items.forEach((item, number) => {
        rows.set(matrix.subarray(item * width, (item + 1) * width), number * width);
      });
      return rows;
    },
    inCatalogue(rows, width) {
      const matrix = new Float32Array(N * width);
      items.forEach((item, number) => {
        matrix.set(rows.subarray(number * width, (number + 1) * width), item * width);
      });
      return matrix;
    },
    renumbered,
    occurring({ users, histories, targets }) {
      const kept = [...targets.keys()].filter((row) => numberOf[targets[row]] >= 0);
      return {
        users: Int32Array.from(kept, (row) => users[row]),
        histories: renumbered(kept.map((row) => histories[row])),
        targets: Int32Array.from(kept, (row) => numberOf[targets[row]]),
      };
    },
  };
}
