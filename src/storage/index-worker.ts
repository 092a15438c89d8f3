// The thread that builds a nearest-neighbour index file: hnswlib inserts synchronously, for seconds. The file
// appears whole or not at all. hnswlib reports neither an unwritable path nor a full disk when it saves, so
// what was written is read back and counted before it gets its name. The thread answers with the graph's
// recall.
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import hnswlib from 'hnswlib-node';
import { about, makeFolder, moveIntoPlace, temporaryName } from '../files.ts';
import { fileMode, keepPrivate } from '../private-files.ts';
import { unitRows } from '../unit-rows.ts';
import { firstOfDirection } from './directions.ts';
import { type IndexTask, SPACE } from './index-file.ts';
import { nearestRows } from './nearest.ts';
import { rowOf } from './vectors.ts';

const CONNECTIONS = 16;
const BUILD_CANDIDATES = 200;
const SEED = 1;
/** What hnswlib writes first; behind it, it notices itself where a file ends too early. */
const HEADER_BYTES = 96;
const PROBE_BYTES = 2 ** 20;
const ROWS_ASKED = 100;
const NEIGHBOURS_ASKED = 10;
/** What the graph's single precision cannot tell apart. */
const SAME_SIMILARITY = 1e-6;

/** One thread and a fixed seed: the same embeddings give the same bytes. */
function build({ embeddings, dimension }: IndexTask): hnswlib.HierarchicalNSW {
  const first = firstOfDirection(embeddings, dimension);
  const rows = [...first.keys()].filter((row) => first[row] === row);
  const index = new hnswlib.HierarchicalNSW(SPACE, dimension);
  index.initIndex(rows.length, CONNECTIONS, BUILD_CANDIDATES, SEED);
  for (const row of rows)
    index.addPoint(Array.from(unitRows(rowOf(embeddings, row, dimension), dimension)), row);
  return index;
}

/**
 * The share of the ten nearest that the graph finds, over rows spread evenly: where many vectors are almost
 * one, a graph leads nowhere, and nothing but trying shows it.
 */
function recallOf(index: hnswlib.HierarchicalNSW, { embeddings, dimension }: IndexTask): number {
  const byGraph = nearestRows(embeddings, dimension, index);
  const exactly = nearestRows(embeddings, dimension);
  const rows = embeddings.length / dimension;
  const asked = Math.min(rows, ROWS_ASKED);
  let found = 0;
  let wanted = 0;
  for (let i = 0; i < asked; i++) {
    const row = Math.floor((i * rows) / asked);
    const exact = exactly(row, NEIGHBOURS_ASKED);
    const least = (exact.at(-1)?.similarity ?? 1) - SAME_SIMILARITY;
    found += byGraph(row, NEIGHBOURS_ASKED).filter(({ similarity }) => similarity >= least).length;
    wanted += exact.length;
  }
  return wanted === 0 ? 1 : found / wanted;
}

function isWhole(file: string, built: hnswlib.HierarchicalNSW): boolean {
  if (statSync(file).size < HEADER_BYTES) return false;
  const written = new hnswlib.HierarchicalNSW(SPACE, built.getNumDimensions());
  try {
    written.readIndexSync(file);
  } catch {
    return false;
  }
  return written.getCurrentCount() === built.getCurrentCount();
}

/** Writes on where hnswlib could not: now the file system says why. */
function throwReason(file: string): never {
  const descriptor = openSync(file, 'a');
  try {
    const zeros = new Uint8Array(PROBE_BYTES);
    for (let written = 0; written < zeros.length; ) written += writeSync(descriptor, zeros, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  throw Object.assign(new Error(`${file} does not read back as it was written`), { code: 'EIO' });
}

function writeIndexFile(task: IndexTask): number {
  const temporary = temporaryName(task.file);
  keepPrivate(path.dirname(task.file));
  makeFolder(path.dirname(task.file));
  return about(task.file, () => {
    closeSync(openSync(temporary, 'w', fileMode(temporary)));
    try {
      const index = build(task);
      index.writeIndexSync(temporary);
      if (!isWhole(temporary, index)) throwReason(temporary);
      const recall = recallOf(index, task);
      moveIntoPlace(temporary, task.file);
      return recall;
    } finally {
      rmSync(temporary, { force: true });
    }
  });
}

parentPort!.postMessage(writeIndexFile(workerData));
