// Whose the rows of a vector file are: a text file with one id a line, a JSON array, or such an array in the
// metadata of a safetensors file, in the order of the rows. Ids are kept as they were written, less the
// blanks around them.
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { idProblem } from '../interactions/catalogue.ts';
import { jsonValue } from '../json.ts';
import { isThere, readNamedText } from '../named-file.ts';
import { shown } from '../tables/bad-rows.ts';
import { forEachLine } from '../tables/lines.ts';
import type { VectorFile } from './vector-file.ts';

export interface IdList {
  /** Where the ids stand, for messages. */
  readonly source: string;
  /** ids[row]; each one once. */
  readonly ids: readonly string[];
}

/**
 * Endings that take the place of the vector file's own where no id list is named; the first such file counts.
 */
const ENDINGS = ['.ids.txt', '.ids.json', '.txt', '.json'];

/** Less than what a string can hold. */
const LARGEST_LIST = 5e8;

/** The ids in `idFile`, or those that the vector file carries, or those in a file beside it. */
export async function readIdList(
  { file, ids }: Pick<VectorFile, 'file' | 'ids'>,
  idFile: string | undefined,
): Promise<IdList> {
  if (idFile === undefined && ids !== undefined) return parseJson(ids, `${file}, "ids" in its metadata`);
  const chosen = idFile ?? besideOf(file);
  if (path.extname(chosen) !== '.json') return readLines(chosen);
  return parseJson(await readNamedText(chosen, LARGEST_LIST), chosen);
}

function besideOf(file: string): string {
  const stem = file.slice(0, -path.extname(file).length);
  const candidates = ENDINGS.map((ending) => stem + ending);
  const found = candidates.find((candidate) => isThere(candidate));
  if (found !== undefined) return found;
  throw new TslrecError(
    'bad-data',
    `${file} has no id list beside it: looked for ${candidates.join(', ')}; name one with --srs-ids, one ` +
      'item id a line in the order of the rows',
  );
}

async function readLines(file: string): Promise<IdList> {
  const ids: string[] = [];
  await forEachLine(file, (text, line) => {
    while (ids.length < line - 1) ids.push(''); // blank lines, which are rows without an id
    ids.push(text);
  });
  return checked(file, ids, (row) => `${file}:${row + 1}`);
}

// As in items.jsonl, a whole number is an id, too: its digits.
const jsonIds = z.array(z.union([z.string(), z.int().transform(String)], 'a value that is no id'));

function parseJson(text: string, source: string): IdList {
  const parsed = jsonIds.safeParse(jsonValue(text));
  if (!parsed.success) {
    const [{ path: where, message }] = parsed.error.issues;
    const got = where.length === 0 ? 'something else' : `${message} at [${where.join()}]`;
    throw new TslrecError(
      'bad-data',
      `${source}: got ${got}, expected a JSON array of ids (strings or whole numbers), one a row; write it ` +
        'again',
    );
  }
  return checked(source, parsed.data, (row) => `${source} [${row}]`);
}

function checked(source: string, written: readonly string[], placeOf: (row: number) => string): IdList {
  const ids = written.map((id) => id.trim());
  const rowOf = new Map<string, number>();
  ids.forEach((id, row) => {
    const first = rowOf.get(id);
    const problem =
      first === undefined ? idProblem(id) : `id ${shown(id)} again (first in ${placeOf(first)})`;
    if (problem !== undefined) {
      throw new TslrecError(
        'bad-data',
        `${placeOf(row)}: got ${problem}, expected each item's id once, in the order of the rows; correct ` +
          'the list',
      );
    }
    rowOf.set(id, row);
  });
  return { source, ids };
}
