// Where a command writes after long work: a path that cannot be used is better told before it.
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { TslrecError } from '../src/errors.ts';

/** Makes the folder of `file`, as --output names it. */
export function prepareOutput(file: string, extension: string): void {
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

/** Makes the folder if it is not there, and sees that it can be written to. */
export function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.W_OK);
}
