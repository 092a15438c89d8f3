// Interactions in one file, or in the parts of a benchmark split: NAME.train.csv, NAME.valid.csv and
// NAME.test.csv, which are read one after the other.
import { type Folder, plainName } from './folder.ts';

const PARTS = ['train', 'valid', 'test'];

/**
 * Of the files that end with `ending` the one, or the parts of a split in their order. Throws 'bad-data'
 * where there are others.
 */
export function oneOrSplit(folder: Folder, found: readonly string[], ending: string): readonly string[] {
  if (found.length < 2) return found;
  const parts = PARTS.flatMap((part) =>
    found.filter((name) => plainName(name).endsWith(`.${part}${ending}`)),
  );
  const isOneSplit =
    parts.length === found.length && new Set(found.map((name) => nameOf(name, ending, true))).size === 1;
  if (!isOneSplit || new Set(parts.map(plainName)).size < parts.length)
    folder.refuse(
      `both ${found.slice(0, 2).join(' and ')}`,
      `one, or the parts of one split (${PARTS.map((part) => `NAME.${part}${ending}`).join(', ')}); keep ` +
        'what is meant',
    );
  return parts;
}

/** What a file, or a part of a split, calls its data set. */
export function nameOf(file: string, ending: string, isPart: boolean): string {
  const name = file.slice(0, plainName(file).length - ending.length);
  return isPart ? name.replace(/\.[^.]+$/, '') : name;
}
