// Files that a caller named, as they are read: only files, of a bounded size, and not what stands for another
// one. Every error says which file, as those of the file system for folders and open files would not.
import { constants, lstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TslrecError } from './errors.ts';
import { MOST_BYTES_AT_ONCE } from './files.ts';

/** The largest file that is read whole. */
const LARGEST_FILE = 2 ** 31 - 1;
/** A pipe that nobody writes into would otherwise be waited for. Windows has no such flag. */
const READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** All that is in a file of at most `mostBytes`. */
export async function readNamedFile(file: string, mostBytes = LARGEST_FILE): Promise<Buffer> {
  const { handle, size } = await openNamedFile(file);
  try {
    if (size > mostBytes) throw tooLarge(file, size, mostBytes);
    const bytes = Buffer.from(await readBytes(handle, file, 0, size));
    refuseStandIn(bytes, file);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** The text in a file of at most `mostBytes`; UTF-8, whose byte order mark is left out. */
export async function readNamedText(file: string, mostBytes: number): Promise<string> {
  const bytes = await readNamedFile(file, mostBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new TslrecError(
      'bad-data',
      `${file}: got bytes that are not UTF-8, expected text; copy it again, or save it as UTF-8.`,
      { cause: error },
    );
  }
}

/** A link to nothing is there, too: reading it fails, where passing it over would read something else. */
export const isThere = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

/** Links are followed; a pipe, a device or a folder is refused before it could hold this process up. */
export async function openNamedFile(file: string): Promise<{ handle: FileHandle; size: number }> {
  const handle = await open(file, READING);
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, size: stats.size };
  await handle.close();
  if (stats.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR', path: file });
  const kind = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device';
  throw new TslrecError(
    'bad-data',
    `${file}: got ${kind}, expected a regular file; give the path of one, or write the contents into one ` +
      'first.',
  );
}

/** Bytes that lie in an open file, in memory of their own. */
export async function readBytes(
  handle: FileHandle,
  file: string,
  position: number,
  length: number,
): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const most = Math.min(length - done, MOST_BYTES_AT_ONCE);
    const { bytesRead } = await handle.read(bytes, done, most, position + done).catch((error: Error) => {
      throw Object.assign(error, { path: file });
    });
    if (bytesRead === 0)
      throw new TslrecError('bad-data', `${file} became shorter while it was read; copy it again.`);
    done += bytesRead;
  }
  return bytes.buffer;
}

const tooLarge = (file: string, size: number, mostBytes: number): TslrecError =>
  new TslrecError(
    'bad-data',
    `${file}: got ${size} bytes, expected at most ${mostBytes}; give the file that is meant to have this ` +
      'name.',
  );

const GIT_LFS = 'version https://git-lfs.github.com/spec/v1';

/** Refuses what stands in the place of a file that was not downloaded. */
export function refuseStandIn(beginning: Uint8Array, file: string): void {
  const text = Buffer.from(beginning.subarray(0, 1_000)).toString('latin1').trimStart();
  if (text.startsWith(GIT_LFS)) {
    throw new TslrecError(
      'bad-data',
      `${file}: got a Git LFS pointer, expected the file that it stands for; run \`git lfs pull\` in its ` +
        'folder.',
    );
  }
  if (/^<(!doctype html|html)\b/i.test(text)) {
    throw new TslrecError(
      'bad-data',
      `${file}: got an HTML page, expected the file itself; download it again, from the address of the ` +
        'file and not of the page that shows it.',
    );
  }
}
