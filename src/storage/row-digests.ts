// Rows that are too many to keep in memory, and are read from the database a row a request, are recognised by
// what is kept of them when they are checked: two digests of 64 bits a row, so that a row that was changed,
// lost or added since is told from what was published. A wrong row of a million passes once in 10^13.
import { hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

const DIGEST_BYTES = 8;
/** Between two turns of the event loop: a millisecond. */
const ROWS_A_TURN = 1000;

export interface RowDigests {
  has(id: string): boolean;
  /** Whether the row of that id consists of these vectors. */
  matches(id: string, vectors: readonly (readonly number[])[]): boolean;
}

export type Digesting = Awaited<ReturnType<typeof digestRows>>;

/** Over rows of several vectors each, which come column by column. */
export async function digestRows(ids: readonly string[]) {
  const digests = new BigUint64Array(ids.length);
  for (let row = 0; row < ids.length; row++) {
    digests[row] = digestOf(ids[row]);
    if (row % ROWS_A_TURN === 0) await turn();
  }
  const known = digests.slice().sort();
  return {
    /** The next vector of each of the rows from `start` on. */
    add(start: number, vectors: Float32Array, width: number): void {
      for (let row = 0; row < vectors.length / width; row++) {
        const vector = vectors.subarray(row * width, (row + 1) * width);
        digests[start + row] = digestWith(digests[start + row], vector);
      }
    },
    /** After the last vector of each row. */
    finish(): RowDigests {
      digests.sort();
      return {
        has: (id) => contains(known, digestOf(id)),
        matches: (id, vectors) =>
          contains(
            digests,
            vectors.reduce((digest, vector) => digestWith(digest, Float32Array.from(vector)), digestOf(id)),
          ),
      };
    },
  };
}

const digestOf = (content: string | Uint8Array): bigint =>
  hash('sha256', content, 'buffer').readBigUInt64LE();

/** Of what the digest before is of, and a vector behind it. */
function digestWith(before: bigint, { buffer, byteOffset, byteLength }: Float32Array): bigint {
  const content = Buffer.allocUnsafe(DIGEST_BYTES + byteLength);
  content.writeBigUInt64LE(before);
  content.set(new Uint8Array(buffer, byteOffset, byteLength), DIGEST_BYTES);
  return digestOf(content);
}

/** By halving: the digests are sorted. */
function contains(digests: BigUint64Array, wanted: bigint): boolean {
  let [from, to] = [0, digests.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (digests[middle] < wanted) from = middle + 1;
    else to = middle;
  }
  return digests[from] === wanted;
}
