// Nearest-neighbour index files: how one is written, in a worker thread, and how one is read. hnswlib crashes
// on a bad file rather than refusing it, so a file is parsed only after its sha256 was found right, and
// always into a new object.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import hnswlib from 'hnswlib-node';

export interface IndexTask {
  readonly file: string;
  /** [N, d] row-major; a row's number is its label. */
  readonly embeddings: Float32Array;
  readonly dimension: number;
}

export interface FileDigest {
  readonly sha256: string;
  readonly bytes: number;
}

export async function writeIndexFile(task: IndexTask): Promise<FileDigest> {
  const worker = new Worker(new URL('./index-worker.ts', import.meta.url), { workerData: task });
  await once(worker, 'message');
  return digestFile(task.file);
}

/** Throws when the file is missing or not, to the bit, the one that was written. */
export async function readIndexFile(file: string, expected: FileDigest, dimension: number) {
  const { sha256 } = await digestFile(file);
  if (sha256 !== expected.sha256)
    throw new Error(`${file} has sha256 ${sha256}, expected ${expected.sha256}`);
  const index = new hnswlib.HierarchicalNSW('cosine', dimension);
  await index.readIndex(file);
  return index;
}

/** Removes what writers that were killed have left behind: temporary files of processes that are gone. */
export async function removeAbandonedFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const writer = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (writer && !isAlive(Number(writer))) await rm(path.join(folder, name), { force: true });
  }
}

async function digestFile(file: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return { sha256: hash.digest('hex'), bytes: (await stat(file)).size };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
