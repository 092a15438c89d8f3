// The files of a folder by their names, in any case and with or without the ending of a compressed file.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TslrecError } from '../errors.ts';
import { shownLocation } from '../storage/location.ts';

const SHOWN_FILES = 5;

/** A name in small letters, without what says that the file is compressed. */
export const plainName = (name: string): string => name.toLowerCase().replace(/\.(gz|zst)$/, '');

export class Folder {
  readonly path: string;
  /** Sorted; folders are among them. */
  readonly names: readonly string[];

  /** Throws 'not-found' where there is no folder. */
  constructor(path: string, expected: string) {
    this.path = path;
    try {
      this.names = readdirSync(path).sort();
    } catch (error) {
      throw new TslrecError(
        'not-found',
        `${shownLocation(path)} is not a folder that can be read; expected one with ${expected}`,
        { cause: error },
      );
    }
  }

  /** The files whose plain names are of a form. */
  all(form: RegExp): string[] {
    return this.names.filter((name) => form.test(plainName(name)));
  }

  /** The only one of them; throws 'bad-data' where there are several. */
  one(form: RegExp): string | undefined {
    const found = this.all(form);
    if (found.length > 1) this.refuse(`both ${found.join(' and ')}`, 'one; keep the one that is meant');
    return found.at(0);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  refuse(got: string, expected: string): never {
    throw new TslrecError('bad-data', `${this.path}: got ${got}, expected ${expected}.`);
  }
}

export function listed(names: readonly string[]): string {
  const others = names.length > SHOWN_FILES ? ` and ${names.length - SHOWN_FILES} more` : '';
  const shown = names.slice(0, SHOWN_FILES).join(', ');
  return shown.replace(/\p{Cc}/gu, '?') + others;
}
