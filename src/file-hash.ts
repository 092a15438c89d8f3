// SHA-256 of files and of what is to become one.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { openNamedFile } from './named-file.ts';

/** Over the contents of all of them, one behind the other. */
export async function sha256OfFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    const { handle } = await openNamedFile(file);
    for await (const chunk of handle.createReadStream()) hash.update(chunk);
  }
  return hash.digest('hex');
}

export function sha256Of(chunks: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** The files in a folder and in those below it, sorted, by their paths in it with slashes. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort();
