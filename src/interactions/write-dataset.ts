// A data set -> a folder that readDataset reads back to the same hash. Users without interactions are not
// written.
import { join } from 'node:path';
import { sha256Of } from '../file-hash.ts';
import { writeFileAtomically } from '../files.ts';
import { sealedJson } from '../sealed-json.ts';
import { csvField } from '../tables/csv.ts';
import type { Dataset } from './dataset.ts';

/**
 * `note` goes into dataset.json: where the data are from and what a reader has to know about them; beside it
 * the SHA-256 of both other files.
 */
export function writeDataset(folder: string, dataset: Dataset, note: string): void {
  const { name, items, userIds, sequences } = dataset;
  const interactions = sequences.reduce((sum, sequence) => sum + sequence.length, 0);
  const sha256 = {
    'items.jsonl': sha256Of(itemLines(dataset)),
    'interactions.csv': sha256Of(interactionLines(dataset)),
  };
  const summary = { name, note, users: userIds.length, items: items.length, interactions, sha256 };
  // First, so that a file that is there when this breaks off is known by it.
  writeFileAtomically(join(folder, 'dataset.json'), sealedJson(summary));
  writeFileAtomically(join(folder, 'items.jsonl'), itemLines(dataset));
  writeFileAtomically(join(folder, 'interactions.csv'), interactionLines(dataset));
}

function* itemLines({ items }: Dataset): Generator<string> {
  for (const { itemId, title, description, attributes } of items)
    yield `${JSON.stringify({ item_id: itemId, title, attributes, description })}\n`;
}

function* interactionLines({ items, userIds, sequences, times }: Dataset): Generator<string> {
  yield 'user_id,item_id,timestamp\n';
  for (const [user, userId] of userIds.entries()) {
    for (const [position, item] of sequences[user].entries())
      yield `${csvField(userId)},${csvField(items[item].itemId)},${times[user][position]}\n`;
  }
}
