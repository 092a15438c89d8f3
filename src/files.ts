// Files that appear whole or not at all: written under a temporary name, fsynced, renamed into place, and the
// folder fsynced, so that neither a crash nor a full disk leaves half a file under the final name; and the
// folders that they lie in. Synchronous, because only jobs and worker threads write files.
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { fileMode, folderMode } from './private-files.ts';

export interface AtomicFile {
  write(chunk: string | Uint8Array): void;
  /** Makes the file appear under its name; if it throws, `discard` is still to be called. */
  commit(): void;
  /** Removes what was written and is not committed; the file that had the name before, if any, stays. */
  discard(): void;
}

const BUFFER_CHARACTERS = 1 << 16;
/** More than the largest file that Postgres makes at once. */
const SPACE_BYTES = 17 * 2 ** 20;
/** Node reads and writes less than 2 GiB at once. */
export const MOST_BYTES_AT_ONCE = 2 ** 30;

export function openAtomicFile(file: string): AtomicFile {
  const temporary = temporaryName(file);
  makeFolder(path.dirname(file));
  let descriptor: number | undefined = about(file, () => openSync(temporary, 'w', fileMode(file)));
  let pending = '';
  const writeAll = (bytes: Uint8Array) =>
    about(file, () => {
      for (let written = 0; written < bytes.length; ) {
        const length = Math.min(bytes.length - written, MOST_BYTES_AT_ONCE);
        written += writeSync(descriptor!, bytes, written, length);
      }
    });
  const flush = () => {
    writeAll(Buffer.from(pending));
    pending = '';
  };
  const close = () => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  return {
    write(chunk) {
      if (typeof chunk === 'string') {
        pending += chunk;
        if (pending.length >= BUFFER_CHARACTERS) flush();
      } else {
        flush();
        writeAll(chunk);
      }
    },
    commit() {
      flush();
      close();
      moveIntoPlace(temporary, file);
    },
    discard() {
      close();
      rmSync(temporary, { force: true });
    },
  };
}

export function writeFileAtomically(file: string, chunks: string | Iterable<string | Uint8Array>): void {
  const atomic = openAtomicFile(file);
  try {
    for (const chunk of typeof chunks === 'string' ? [chunks] : chunks) atomic.write(chunk);
    atomic.commit();
  } catch (error) {
    atomic.discard();
    throw error;
  }
}

/**
 * A folder that appears whole or not at all, in place of one that is there: `fill` writes into a temporary
 * one and gives the files, by name, that are to be written last.
 */
export async function writeFolderAtomically(
  folder: string,
  fill: (temporary: string) => Promise<Readonly<Record<string, string>>>,
): Promise<void> {
  const temporary = temporaryName(folder);
  rmSync(temporary, { recursive: true, force: true });
  makeFolder(temporary);
  try {
    for (const [name, text] of Object.entries(await fill(temporary)))
      writeFileAtomically(path.join(temporary, name), text);
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
    syncFolder(path.dirname(folder));
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const { path: place } = error as NodeJS.ErrnoException;
    if (place?.startsWith(temporary)) throw Object.assign(error as Error, { path: folder });
    throw error;
  }
}

/** Says whose it is, so that what a killed process has left can be told from what a live one is writing. */
export const temporaryName = (file: string): string => `${file}.${process.pid}.tmp`;

/** Gives a file that somebody else has written its name, durably. */
export function moveIntoPlace(temporary: string, file: string): void {
  about(file, () => {
    sync(temporary, 'r+');
    renameSync(temporary, file);
    syncFolder(path.dirname(file));
  });
}

/** Windows cannot open folders and needs no sync. */
export function syncFolder(folder: string): void {
  if (process.platform !== 'win32') sync(folder, 'r');
}

/**
 * Makes a folder and those that are missing above it, level by level: Node's own recursive mkdir never ends
 * where nothing can be made, such as in /proc. Every error says which level could not be made, and why.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  let above = path.normalize(folder);
  for (; !isFolder(above, folder); above = path.dirname(above)) {
    if (above === path.dirname(above)) throw fileError('ERR_NO_FOLDER_THERE', folder);
    missing.push(above);
  }
  for (const level of missing.reverse()) makeLevel(level);
}

/** Refuses what is there and no folder. */
function isFolder(place: string, wanted: string): boolean {
  const found = statSync(place, { throwIfNoEntry: false });
  if (found?.isDirectory()) return true;
  if (found) throw fileError(place === path.normalize(wanted) ? 'EEXIST' : 'ENOTDIR', wanted);
  const link = lstatSync(place, { throwIfNoEntry: false });
  if (link) throw fileError('ERR_LINK_TO_NOTHING', place);
  return false;
}

function makeLevel(folder: string): void {
  try {
    mkdirSync(folder, folderMode(folder));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw fileError('ERR_NO_FOLDER_THERE', folder);
    if (code !== 'EEXIST' || !isFolder(folder, folder)) throw error; // another process may have been faster
  }
}

/**
 * Fails with what a file of some size in the folder fails with, if it does: for a library that has failed to
 * write and does not say why.
 */
export function requireSpace(folder: string): void {
  const file = temporaryName(path.join(folder, 'space'));
  try {
    about(folder, () => {
      const descriptor = openSync(file, 'w', fileMode(file));
      try {
        for (let written = 0; written < SPACE_BYTES; )
          written += writeSync(descriptor, Buffer.alloc(2 ** 20));
      } finally {
        closeSync(descriptor);
      }
    });
  } finally {
    rmSync(file, { force: true });
  }
}

/** As Node reports trouble with a file; errors.ts puts it into words. */
function fileError(code: string, file: string): Error {
  return Object.assign(new Error(`${code}: ${file}`), { code, path: file });
}

/**
 * What fails is told of the file that was wanted: its temporary file means nothing, a descriptor says
 * nothing.
 */
export function about<Result>(file: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw Object.assign(error as Error, { path: file });
  }
}

function sync(file: string, flags: string): void {
  const descriptor = openSync(file, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
