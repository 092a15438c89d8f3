// The thread that builds a nearest-neighbour index file: hnswlib inserts synchronously, for seconds. The file
// appears whole or not at all. hnswlib reports neither an unwritable path nor a full disk when it saves, so
// what was written is read back and counted before it gets its name.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import hnswlib from 'hnswlib-node';
import { invariant } from '../errors.ts';
import { moveIntoPlace, temporaryName } from '../files.ts';
import type { IndexTask } from './index-file.ts';
import { rowOf } from './vectors.ts';

const CONNECTIONS = 16;
const BUILD_CANDIDATES = 200;
const SEED = 1;

/** One thread and a fixed seed: the same embeddings give the same bytes. */
function build({ embeddings, dimension }: IndexTask): hnswlib.HierarchicalNSW {
  const items = embeddings.length / dimension;
  const index = new hnswlib.HierarchicalNSW('cosine', dimension);
  index.initIndex(items, CONNECTIONS, BUILD_CANDIDATES, SEED);
  for (let row = 0; row < items; row++) index.addPoint(Array.from(rowOf(embeddings, row, dimension)), row);
  return index;
}

function verify(file: string, { embeddings, dimension }: IndexTask): void {
  const index = new hnswlib.HierarchicalNSW('cosine', dimension);
  index.readIndexSync(file);
  const written = index.getCurrentCount();
  const expected = embeddings.length / dimension;
  invariant(written === expected, `${file} holds ${written} of ${expected} items`);
}

function writeIndexFile(task: IndexTask): void {
  const temporary = temporaryName(task.file);
  mkdirSync(path.dirname(task.file), { recursive: true });
  try {
    build(task).writeIndexSync(temporary);
    verify(temporary, task);
    moveIntoPlace(temporary, task.file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

writeIndexFile(workerData);
parentPort!.postMessage('written');
