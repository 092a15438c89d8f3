// A data set -> a folder that readDataset reads back to the same hash. The timestamp is the position in the user's
// sequence, because a Dataset keeps the order and not the times; users without interactions are not written.
import { join } from 'node:path';
import { csvField } from './csv.ts';
import type { Dataset } from './dataset.ts';
import { writeDurableFile } from './durable-file.ts';

/** `note` goes into dataset.json: where the data are from and what a reader has to know about them. */
export function writeDataset(folder: string, dataset: Dataset, note: string): void {
  const { name, items, userIds, sequences } = dataset;
  writeDurableFile(join(folder, 'items.jsonl'), (append) => {
    for (const { itemId, title, description, attributes } of items)
      append(`${JSON.stringify({ item_id: itemId, title, attributes, description })}\n`);
  });
  writeDurableFile(join(folder, 'interactions.csv'), (append) => {
    append('user_id,item_id,timestamp\n');
    userIds.forEach((userId, user) => {
      sequences[user].forEach((item, position) => {
        append(`${csvField(userId)},${csvField(items[item].itemId)},${position}\n`);
      });
    });
  });
  const interactions = sequences.reduce((sum, sequence) => sum + sequence.length, 0);
  const summary = { name, note, users: userIds.length, items: items.length, interactions };
  writeDurableFile(join(folder, 'dataset.json'), (append) => append(`${JSON.stringify(summary, null, 2)}\n`));
}
