// A file that is either complete or not there: written under a temporary name, fsynced, renamed into place, and the
// folder fsynced, so that neither a crash nor a full disk leaves half a file under the final name.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface DurableFile {
  write(text: string): void;
  /** Makes the file appear under its name; if it throws, `discard` is still to be called. */
  commit(): void;
  /** Removes what was written; the file that had the name before, if any, stays. */
  discard(): void;
}

const BUFFER_CHARACTERS = 1 << 16;

export function openDurableFile(path: string): DurableFile {
  const folder = dirname(path);
  const temporary = `${path}.${process.pid}.tmp`;
  mkdirSync(folder, { recursive: true });
  const descriptor = openSync(temporary, 'w');
  let pending = '';
  const flush = () => {
    const bytes = Buffer.from(pending);
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    pending = '';
  };
  const discard = () => {
    closeSync(descriptor);
    rmSync(temporary, { force: true });
  };
  return {
    write(text) {
      pending += text;
      if (pending.length >= BUFFER_CHARACTERS) flush();
    },
    commit() {
      flush();
      fsyncSync(descriptor);
      renameSync(temporary, path);
      closeSync(descriptor);
      fsyncFolder(folder);
    },
    discard,
  };
}

/** `write` gets a function that appends; the file appears when it returns, and does not if it throws. */
export function writeDurableFile(path: string, write: (append: (text: string) => void) => void): void {
  const file = openDurableFile(path);
  try {
    write(file.write);
    file.commit();
  } catch (error) {
    file.discard();
    throw error;
  }
}

function fsyncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
