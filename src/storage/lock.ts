// One process a folder. Two processes in one PGlite data directory corrupt it, so a lock of ours is taken
// before it is opened. A file holding a pid cannot be taken over without a race and means nothing in another
// container; what cannot go stale is a lock the kernel holds and drops when its process ends, however it
// ends. Node reaches that lock through SQLite: an exclusive transaction on an empty database file. Who owns
// it, and which run that process executes, stands in a file beside it, for messages only (reading the lock
// file itself would drop the lock: POSIX locks end with any close).
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { TslrecError } from '../errors.ts';
import { makeFolder, requireSpace, writeFileAtomically } from '../files.ts';
import { jsonValue } from '../json.ts';
import { fileMode } from '../private-files.ts';

const SQLITE_BUSY = 5;
/** SQLite makes a journal beside the file. */
const SQLITE_WRITING = [10, 13]; // IOERR, FULL

/** What `lock-owner` may be long: less than that, and a pid alone by an earlier version. */
const MOST_OWNER_BYTES = 4096;

const owner = z.object({
  processId: z.int(),
  host: z.string(),
  /** What the process does there: of a refresh it is told which run, once it has begun one. */
  purpose: z.literal('refresh').optional(),
  run: z.object({ runId: z.string(), since: z.coerce.date() }).optional(),
});

export type FolderOwner = z.infer<typeof owner>;
export type Purpose = FolderOwner['purpose'];

/** Keeps the locks reachable: a collected DatabaseSync closes, and lets go. */
const held = new Set<DatabaseSync>();

/** Takes the folder's lock or refuses with 'conflict', naming the owner. Call the result to let go. */
export function lockFolder(folder: string, purpose?: Purpose): () => void {
  makeFolder(folder);
  accessSync(folder, constants.W_OK);
  const lock = takeLock(folder);
  held.add(lock);
  const unlock = () => {
    held.delete(lock);
    lock.close();
  };
  try {
    tellOwner(folder, { purpose });
  } catch (error) {
    unlock();
    throw error;
  }
  return () => {
    rmSync(ownerFileIn(folder), { force: true });
    unlock();
  };
}

/** To be called by who has the lock: what others are told of it. */
export function tellOwner(folder: string, about: Pick<FolderOwner, 'purpose' | 'run'>): void {
  const file = ownerFileIn(folder);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found && (!isSmallFile(found) || !isOwner(readFileSync(file, 'utf8')))) throw notOurs(file);
  const told: FolderOwner = { processId: process.pid, host: hostname(), ...about };
  writeFileAtomically(file, JSON.stringify(told));
}

/** Who has the folder, or had it last; undefined where that is not known. */
export function ownerOf(folder: string): FolderOwner | undefined {
  const file = ownerFileIn(folder);
  try {
    return isSmallFile(statSync(file)) ? owner.parse(jsonValue(readFileSync(file, 'utf8'))) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether that is why a folder could not be locked. */
export const isInUse = (error: unknown): error is TslrecError =>
  error instanceof TslrecError && (error.cause as { errcode?: number } | undefined)?.errcode === SQLITE_BUSY;

const ownerFileIn = (folder: string): string => path.join(folder, 'lock-owner');

const isSmallFile = (found: Stats): boolean => found.isFile() && found.size <= MOST_OWNER_BYTES;

const isOwner = (text: string): boolean => /^\d*$/.test(text) || owner.safeParse(jsonValue(text)).success;

function takeLock(folder: string): DatabaseSync {
  const file = path.join(folder, 'lock');
  const found = statSync(file, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw notOurs(file);
  // SQLite would make it with the modes that the umask leaves.
  if (!existsSync(file)) closeSync(openSync(file, 'a', fileMode(file)));
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(file, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    const { errcode } = error as { errcode?: number };
    if (errcode === SQLITE_BUSY) throw new TslrecError('conflict', conflictMessage(folder), { cause: error });
    if (SQLITE_WRITING.includes(errcode!)) requireSpace(folder);
    throw notOurs(file, error as Error);
  }
}

function notOurs(file: string, cause?: Error): TslrecError {
  return new TslrecError(
    'conflict',
    `${file} is not the file that tslrec makes there${cause ? ` (${cause.message})` : ''}: move it away ` +
      'while no tslrec runs, or give another folder.',
    { cause },
  );
}

function conflictMessage(folder: string): string {
  const found = ownerOf(folder);
  return (
    `${folder} is in use by ${found ? shownOwner(found) : 'another process'}. Stop it first, or keep the ` +
    'data in Postgres, which many processes can share.'
  );
}

function shownOwner({ processId, host, purpose, run }: FolderOwner): string {
  const where = host === hostname() ? '' : ` on ${host}`;
  const what = purpose ? `, a ${purpose}${run ? ` (run ${run.runId})` : ''}` : '';
  return `process ${processId}${where}${what}`;
}
