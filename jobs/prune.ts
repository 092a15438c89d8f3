// Stages that nobody needs any more. One is kept while one of the last two versions was learnt with it, and
// for a day after it was used last, so that evaluations and refreshes that broke off find theirs.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { filesIn } from '../src/file-hash.ts';
import { isInUse, lockFolder } from '../src/storage/lock.ts';
import { workFolder } from './experiment.ts';
import { findLastVersion, foldersOf } from './last-version.ts';
import type { Work } from './stage.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Pruned {
  /** Folders of stages that were removed, and the bytes that were in them. */
  readonly removed: number;
  readonly bytes: number;
  /** Those that are left. */
  readonly kept: number;
}

/** A stage, or all of the work of an earlier version of tslrec. */
const STAGE = /^(.+-)?[0-9a-f]{16}$/;

/** To be called by who keeps other refreshes out. */
export async function pruneWork(work: Work): Promise<Pruned> {
  const found = await findLastVersion(work);
  const needed = new Set(found ? foldersOf(found.last, found.state) : []);
  let [removed, bytes, kept] = [0, 0, 0];
  for (const name of existsSync(work.folder) ? readdirSync(work.folder) : []) {
    if (!STAGE.test(name)) continue;
    const folder = path.join(work.folder, name);
    if (needed.has(name) || Date.now() - statSync(folder).mtimeMs < DAY_MS) {
      kept++;
      continue;
    }
    for (const file of filesIn(folder)) bytes += statSync(path.join(folder, file)).size;
    rmSync(folder, { recursive: true, force: true });
    removed++;
  }
  return { removed, bytes, kept };
}

/** Undefined where a refresh is running, and nothing has been done. */
export async function prune(folder: string): Promise<Pruned | undefined> {
  const work = { folder: workFolder(folder), onStage: async () => {} };
  if (!existsSync(work.folder)) return { removed: 0, bytes: 0, kept: 0 };
  let unlock: () => void;
  try {
    unlock = lockFolder(work.folder);
  } catch (error) {
    if (isInUse(error)) return undefined;
    throw error;
  }
  try {
    return await pruneWork(work);
  } finally {
    unlock();
  }
}
