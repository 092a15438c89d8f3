// One process a folder. Two processes in one PGlite data directory corrupt it, so a lock of ours is taken
// before it is opened. A file holding a pid cannot be taken over without a race and means nothing in another
// container; what cannot go stale is a lock the kernel holds and drops when its process ends, however it
// ends. Node reaches that lock through SQLite: an exclusive transaction on an empty database file. The
// owner's pid stands in a file beside it, for the message only (reading the lock file itself would drop the
// lock: POSIX locks end with any close).
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TslrecError } from '../errors.ts';
import { makeFolder } from '../files.ts';
import { fileMode } from '../private-files.ts';

const SQLITE_BUSY = 5;

/** Keeps the locks reachable: a collected DatabaseSync closes, and lets go. */
const held = new Set<DatabaseSync>();

/** Takes the folder's lock or refuses with 'conflict', naming the owner. Call the result to let go. */
export function lockFolder(folder: string): () => void {
  makeFolder(folder);
  accessSync(folder, constants.W_OK);
  const ownerFile = path.join(folder, 'lock-owner');
  const lockFile = path.join(folder, 'lock');
  // SQLite would make it with the modes that the umask leaves.
  if (!existsSync(lockFile)) closeSync(openSync(lockFile, 'a', fileMode(lockFile)));
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new TslrecError('conflict', conflictMessage(folder, readOwner(ownerFile)), { cause: error });
  }
  held.add(lock);
  writeFileSync(ownerFile, String(process.pid), { mode: fileMode(ownerFile) });
  return () => {
    held.delete(lock);
    rmSync(ownerFile, { force: true });
    lock.close();
  };
}

function readOwner(ownerFile: string): string {
  try {
    return `process ${readFileSync(ownerFile, 'utf8')}`;
  } catch {
    return 'another process';
  }
}

function conflictMessage(folder: string, owner: string): string {
  return (
    `${folder} is in use by ${owner}. Stop it first, or keep the data in Postgres, which many ` +
    'processes can share.'
  );
}
