// Where a command writes after long work. It is checked before that work: a path that cannot be used, and a
// file that is not tslrec's to replace.
import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import path from 'node:path';
import { TslrecError } from '../../src/errors.ts';
import { makeFolder } from '../../src/files.ts';
import { isFolderPath, shownLocation } from '../../src/storage/location.ts';

/** Makes the folder of `file`, as --output names it. */
export function prepareOutput(file: string, extension: string): void {
  refuseUrl(file);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    const inside = path.join(file, `output${extension}`);
    throw new TslrecError(
      'bad-request',
      `${file} is a folder, a file is wanted; name one in it, such as ${inside}.`,
    );
  }
  if (path.extname(file) !== extension) {
    throw new TslrecError(
      'bad-request',
      `--output: got ${file}, expected the name of a file that ends in ${extension}, which is what is ` +
        'written; give it that ending.',
    );
  }
  prepareFolder(path.dirname(file));
}

/** The same of a folder that a caller names. */
export function prepareOutputFolder(folder: string): void {
  refuseUrl(folder);
  prepareFolder(folder);
}

/** It would become a folder of that name, here. */
function refuseUrl(place: string): void {
  if (isFolderPath(place)) return;
  throw new TslrecError(
    'bad-request',
    `${shownLocation(place)} cannot be written to: give a path on this machine (./ before a name with a ` +
      'colon).',
  );
}

/** Makes the folder if it is not there, and sees that it can be written to. */
export function prepareFolder(folder: string): void {
  makeFolder(folder);
  accessSync(folder, constants.W_OK);
}

/** Whether a file, which is there and an ordinary one, is an earlier output of tslrec: see own-outputs.ts. */
export type IsOwn = (file: string) => Promise<boolean>;

export interface OutputFile {
  readonly file: string;
  readonly isOwn: IsOwn;
}

/**
 * Throws where one of the files is there and somebody else's. Asked before the work, and again before the
 * files are written. `force` lets them be replaced; left out, the command has no such option.
 */
export async function checkReplaceable(files: readonly OutputFile[], force?: boolean): Promise<void> {
  if (force) return;
  for (const { file, isOwn } of files) {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (!found || (found.isFile() && (await isOwn(file)))) continue;
    throw new TslrecError(
      'bad-request',
      `${file} is there already, and tslrec cannot tell that it is its own: move it elsewhere` +
        `${force === undefined ? '' : ', give another name, or replace it with --force'}.`,
    );
  }
}
