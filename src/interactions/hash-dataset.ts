// The identity of a data set: what its items say and who did what in which order, whatever files it came in.
// The order of items and users is part of it, because matrices that are stored beside the hash are ordered
// alike. Times are not: what they decide beside the order is a split, which has an identity of its own.
import { createHash, type Hash } from 'node:crypto';
import type { Dataset, Item, Split, UserId } from './dataset.ts';

export function hashDataset({
  items,
  userIds,
  sequences,
}: Pick<Dataset, 'items' | 'userIds' | 'sequences'>): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${itemLine(item)}\n`);
  userIds.forEach((userId, user) => {
    hash.update(`${JSON.stringify(userId)}:${sequences[user].join(',')}\n`);
  });
  return hash.digest('hex');
}

/** What is said of the items, in their order. */
export function hashItems(items: readonly Item[]): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${itemLine(item)}\n`);
  return hash.digest('hex');
}

export const hashUsers = (userIds: readonly UserId[]): string =>
  createHash('sha256').update(JSON.stringify(userIds)).digest('hex');

/** What is learnt from and what is asked, by the rows of items and users; their ids are no part. */
export function hashSplit({ name, train, validation, test }: Split, itemCount: number): string {
  const hash = createHash('sha256').update(JSON.stringify([name, itemCount]));
  addSequences(hash, train);
  for (const { users, histories, targets } of [validation, test]) {
    addSequences(hash, [users, targets]);
    addSequences(hash, histories);
  }
  return hash.digest('hex');
}

/** Who did what in which order, by the rows of items and users. */
export function hashSequences(sequences: readonly Int32Array[], itemCount: number): string {
  const hash = createHash('sha256').update(JSON.stringify([itemCount]));
  addSequences(hash, sequences);
  return hash.digest('hex');
}

function addSequences(hash: Hash, sequences: readonly Int32Array[]): void {
  hash.update(`${sequences.map(({ length }) => length).join(',')}\n`);
  for (const { buffer, byteOffset, byteLength } of sequences)
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
}

function itemLine({ itemId, title, description, attributes }: Item): string {
  const byName = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([itemId, title ?? null, description ?? null, byName]);
}
