// The identity of a data set: what its items say and who did what in which order, whatever files it came in.
// The order of items and users is part of it, because matrices that are stored beside the hash are ordered
// alike. Times are not: what they decide beside the order is a split, which has an identity of its own.
import { createHash } from 'node:crypto';
import type { Dataset, NextItems, Split } from './dataset.ts';

export function hashDataset({
  items,
  userIds,
  sequences,
}: Pick<Dataset, 'items' | 'userIds' | 'sequences'>): string {
  const hash = createHash('sha256');
  for (const { itemId, title, description, attributes } of items) {
    const byName = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`${JSON.stringify([itemId, title ?? null, description ?? null, byName])}\n`);
  }
  userIds.forEach((userId, user) => {
    hash.update(`${JSON.stringify(userId)}:${sequences[user].join(',')}\n`);
  });
  return hash.digest('hex');
}

/** Within one data set: a split cuts its sequences, so that the places of the cuts tell everything. */
export function hashSplit({ name, train, validation, test }: Split): string {
  const lengths = (sequences: readonly Int32Array[]) => sequences.map(({ length }) => length);
  const asked = ({ users, histories }: NextItems) => [[...users], lengths(histories)];
  const cuts = [name, lengths(train), asked(validation), asked(test)];
  return createHash('sha256').update(JSON.stringify(cuts)).digest('hex');
}
