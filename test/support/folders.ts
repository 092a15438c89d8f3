// Folders with given files, for tests of what reads them; removed when the test file is done.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const root = mkdtempSync(join(tmpdir(), 'tslrec-folders-'));
after(() => rmSync(root, { recursive: true }));

export function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(root, 'of-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

export const lines = (...rows: readonly string[]): string => rows.map((row) => `${row}\n`).join('');
