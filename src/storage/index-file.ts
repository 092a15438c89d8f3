// Nearest-neighbour index files, `indexes/<version>.hnsw`: how one is written, in a worker thread, and how
// one is read. hnswlib crashes on a bad file rather than refusing it, so a file is parsed only after its
// sha256 was found right, and always into a new object.
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import hnswlib from 'hnswlib-node';
import { nameOfFiles } from './ids.ts';
import { digestFile } from './listed-files.ts';

/**
 * What a file holds: 2, each direction once, at length 1, under the number of the first row that has it.
 * Files of before have no number: they hold every row.
 */
const FORMAT = 2;
const LEAST_RECALL = 0.95;
/** hnswlib's inner product: vectors of length 1 go in, so that it is the cosine. */
export const SPACE = 'ip';

export interface IndexTask {
  readonly file: string;
  /** [N, d] row-major, no row zero. */
  readonly embeddings: Float32Array;
  readonly dimension: number;
}

/** A file as the manifest describes it: one that differs is not parsed. */
export interface IndexFile {
  readonly format?: number;
  readonly sha256: string;
  readonly bytes: number;
  /** The share of the ten nearest that its graph finds; one that finds too few is not used. */
  readonly recall?: number;
}

export const indexFolder = (folder: string): string => path.join(folder, 'indexes');

/** The name follows from the version alone; an id that is no plain name is refused. */
export const indexFileOf = (folder: string, versionId: string): string =>
  path.join(indexFolder(folder), `${nameOfFiles(versionId, 'an index file')}.hnsw`);

/** Throws an error with code and path when it cannot be written whole; whatever had the name before stays. */
export async function writeIndexFile(task: IndexTask): Promise<IndexFile> {
  const worker = new Worker(new URL('./index-worker.ts', import.meta.url), { workerData: task });
  const [recall] = await once(worker, 'message');
  return { format: FORMAT, ...(await digestFile(task.file)), recall };
}

/**
 * Throws when the file is missing, of another format or not, to the bit, the one that was written; undefined
 * where its graph finds too few.
 */
export async function readIndexFile(file: string, expected: IndexFile, dimension: number) {
  if (expected.format !== FORMAT)
    throw new Error(`${file} is of format ${expected.format ?? 1}, expected ${FORMAT}`);
  const { sha256 } = await digestFile(file);
  if (sha256 !== expected.sha256)
    throw new Error(`${file} has sha256 ${sha256}, expected ${expected.sha256}`);
  if ((expected.recall ?? 0) < LEAST_RECALL) return undefined;
  const index = new hnswlib.HierarchicalNSW(SPACE, dimension);
  await index.readIndex(file);
  return index;
}

/** Removes what writers that were killed have left behind: temporary files and folders of processes gone. */
export async function removeAbandonedFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const writer = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (writer && !isAlive(Number(writer)))
      await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
