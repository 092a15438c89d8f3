// What says that a version is, to the bit, the one that was published: one sha256 over everything a reader
// can get, in a fixed order and with lengths, so that nothing can shift unseen. It is taken twice: of the
// draft when it is published, and of the rows in the database whenever a version is loaded.
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

/** A matrix in pieces of any size, in order: all of it at once, or as it is read. */
type Pieces<Values> = Iterable<Values> | AsyncIterable<Values>;

/** N items, U users, d embedding width, K latent categories; matrices are row-major. */
export interface VersionContent {
  /** [N], in row order. */
  readonly itemIds: readonly string[];
  /** [U], sorted: the database keeps no order of users. */
  readonly userIds: readonly string[];
  readonly dimension: number;
  readonly categoryCount: number;
  /** [N, d] */
  readonly embeddings: Pieces<Float32Array>;
  /** [N] */
  readonly itemCategories: Pieces<Int32Array>;
  /** [N, K] */
  readonly inferredItemCategories: Pieces<Float32Array>;
  /** [U, K] */
  readonly priorPreferences: Pieces<Float32Array>;
  /** [U, K] */
  readonly inferredPreferences: Pieces<Float32Array>;
}

/** At most so many values between two turns of the event loop: a few milliseconds. */
const VALUES_A_TURN = 2 ** 20;

export async function contentHash(content: VersionContent): Promise<string> {
  const hash = createHash('sha256');
  const { itemIds, userIds, dimension, categoryCount } = content;
  hash.update(JSON.stringify([itemIds, userIds, dimension, categoryCount]));
  for (const pieces of [
    content.embeddings,
    content.itemCategories,
    content.inferredItemCategories,
    content.priorPreferences,
    content.inferredPreferences,
  ]) {
    for await (const piece of pieces) {
      for (let start = 0; start < piece.length; start += VALUES_A_TURN) {
        const { buffer, byteOffset, byteLength } = piece.subarray(start, start + VALUES_A_TURN);
        hash.update(new Uint8Array(buffer, byteOffset, byteLength));
        await turn();
      }
    }
  }
  return hash.digest('hex');
}
