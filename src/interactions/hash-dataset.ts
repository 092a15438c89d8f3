// The identity of a data set: what its items say and who did what in which order, whatever files it came in.
// The order of items and users is part of it, because matrices that are stored beside the hash are ordered alike.
import { createHash } from 'node:crypto';
import type { Dataset } from './dataset.ts';

export function hashDataset({ items, userIds, sequences }: Pick<Dataset, 'items' | 'userIds' | 'sequences'>): string {
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
