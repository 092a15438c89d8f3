// A row behind good ones that cannot be used: it ends the reading with its place, and is left out where such
// are skipped, so that the data set is that of the good rows.
import assert from 'node:assert/strict';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { folderOf } from './folders.ts';

/** `rows`: the file that has it behind its own, the row with its line end, and what is said of it. */
export async function testBadRows<Files extends Readonly<Record<string, string>>>(
  files: Files,
  rows: readonly (readonly [file: keyof Files & string, row: string, message: RegExp])[],
): Promise<void> {
  const { hash } = (await readDataset(folderOf(files), { onBadRow: 'stop' })).dataset;
  for (const [file, row, message] of rows) {
    const folder = folderOf({ ...files, [file]: files[file] + row });
    await assert.rejects(readDataset(folder, { onBadRow: 'stop' }), { code: 'bad-data', message }, row);
    const skipped = await readDataset(folder, { onBadRow: 'skip' });
    assert.deepEqual([skipped.dataset.hash, skipped.skippedRows], [hash, 1]);
  }
}
