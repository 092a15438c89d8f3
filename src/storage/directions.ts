// Which rows of a matrix have the same direction. Items of equal text have equal vectors, and a graph of
// neighbours breaks where many of its points are one point: each is linked to the others alone, and nothing
// else is reached. So a direction is indexed once and stands for all of its rows.
import { unitRows } from '../unit-rows.ts';
import { rowOf } from './vectors.ts';

/**
 * values [N, d] row-major, no row zero -> of each row, the first row that has the same direction: equal to
 * the bit in single precision, once both were scaled to length 1 in double.
 */
export function firstOfDirection(values: Float32Array, dimension: number): Int32Array {
  const rows = values.length / dimension;
  const first = new Int32Array(rows);
  const hashes = new Int32Array(rows);
  // Open addressing: a slot holds the first row of a direction, or -1.
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(rows + 1) + 1)).fill(-1);
  const own = new Int32Array(dimension);
  const other = new Int32Array(dimension);
  for (let row = 0; row < rows; row++) {
    readDirection(values, row, own);
    hashes[row] = own.reduce((hash, bits) => Math.imul(hash ^ bits, 0x01000193) ^ (hash >>> 15), 0);
    let slot = hashes[row] & (slots.length - 1);
    for (; slots[slot] !== -1; slot = (slot + 1) & (slots.length - 1)) {
      if (hashes[slots[slot]] !== hashes[row]) continue;
      readDirection(values, slots[slot], other);
      if (own.every((bits, column) => bits === other[column])) break;
    }
    if (slots[slot] === -1) slots[slot] = row;
    first[row] = slots[slot];
  }
  return first;
}

/** The bits of the row's direction in single precision; -0 is 0. */
function readDirection(values: Float32Array, row: number, bits: Int32Array): void {
  const unit = unitRows(rowOf(values, row, bits.length), bits.length);
  new Float32Array(bits.buffer).set(unit.map((value) => value + 0));
}
