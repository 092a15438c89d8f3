// Folders of which every file is known by its length and SHA-256: how they are copied, and held against their
// list.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { TslrecError } from '../errors.ts';
import { filesIn } from '../file-hash.ts';
import { makeFolder, syncFolder } from '../files.ts';
import { isThere, openNamedFile } from '../named-file.ts';
import { fileMode } from '../private-files.ts';

export interface ListedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** By path in the folder, with slashes. */
export type ListedFiles = Readonly<Record<string, ListedFile>>;

export const digestFile = (file: string): Promise<ListedFile> => digestOnTheWay(file, discard);

export async function listFiles(folder: string): Promise<ListedFiles> {
  const files: Record<string, ListedFile> = {};
  for (const name of filesIn(folder)) files[name] = await digestFile(path.join(folder, name));
  return files;
}

/** Into a folder that has none of them; when it returns they are on the disk. */
export async function copyFiles(source: string, target: string): Promise<ListedFiles> {
  const files: Record<string, ListedFile> = {};
  for (const name of filesIn(source)) {
    const copy = path.join(target, name);
    makeFolder(path.dirname(copy));
    files[name] = await digestOnTheWay(path.join(source, name), (chunks) => writeDurably(copy, chunks));
    for (let above = path.dirname(copy); above.length >= target.length; above = path.dirname(above))
      syncFolder(above);
  }
  if (Object.keys(files).length > 0) return files;
  throw new TslrecError(
    'bad-data',
    `${source}: got a folder without files, expected an encoder's; copy it again.`,
  );
}

/**
 * What is wrong with the folder's files, the first of it, in words; undefined where nothing is. `list` is the
 * file that tells of the others.
 */
export async function wrongFile(
  folder: string,
  expected: ListedFiles,
  list?: string,
): Promise<string | undefined> {
  const names = new Set(isThere(folder) ? filesIn(folder) : []);
  if (list !== undefined) names.delete(list);
  for (const [name, { bytes, sha256 }] of Object.entries(expected)) {
    const file = path.join(folder, name);
    if (!names.delete(name)) return `${file} is missing`;
    // Longer than it was, it might be too long to be read.
    const { handle, size } = await openNamedFile(file);
    await handle.close();
    if (size !== bytes || (await digestFile(file)).sha256 !== sha256)
      return `${file} is another file than the one that was written`;
  }
  const [surplus] = names;
  return surplus === undefined
    ? undefined
    : `${path.join(folder, surplus)} was not there when it was written`;
}

export function areSameFiles(a: ListedFiles = {}, b: ListedFiles = {}): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name].sha256 === b[name]?.sha256);
}

async function digestOnTheWay(
  file: string,
  use: (chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<ListedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const { handle } = await openNamedFile(file);
  async function* chunks() {
    for await (const chunk of handle.createReadStream()) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    await use(chunks());
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function discard(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}

async function writeDurably(file: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const handle = await open(file, 'wx', fileMode(file));
  try {
    await handle.writeFile(chunks);
    await handle.sync();
  } catch (error) {
    throw Object.assign(error as Error, { path: file });
  } finally {
    await handle.close();
  }
}
