// What a model has made of a text it makes of it again: texts that it has read before are not read again, and
// where none is left, it is not even opened.
import { sha256Of } from '../../file-hash.ts';
import type { CatalogueReader, OpenReader } from './catalogue-reader.ts';

/** Rows by the sha256 of the text. */
export interface RememberedRows {
  readonly items: ReadonlyMap<string, { readonly hidden: Float32Array; readonly distribution: Float32Array }>;
  readonly users: ReadonlyMap<string, Float32Array>;
}

export const NOTHING_REMEMBERED: RememberedRows = { items: new Map(), users: new Map() };

export const textKey = (text: string): string => sha256Of([text]);

export interface RememberingReader extends CatalogueReader {
  /** How many texts were read so far. */
  readonly textsRead: number;
}

export function rememberingReader(
  open: OpenReader,
  { items, users }: RememberedRows,
  journal?: string,
): RememberingReader {
  let opened: Promise<CatalogueReader> | undefined;
  let textsRead = 0;
  const reader = () => {
    opened ??= open(journal);
    return opened;
  };
  const missingOf = (texts: readonly string[], known: ReadonlyMap<string, unknown>) => {
    const missing = texts.filter((text) => !known.has(textKey(text)));
    textsRead += missing.length;
    return missing;
  };
  return {
    get textsRead() {
      return textsRead;
    },
    async readItems(texts) {
      const missing = missingOf(texts, items);
      if (missing.length === texts.length) return (await reader()).readItems(texts);
      const read = missing.length > 0 ? await (await reader()).readItems(missing) : undefined;
      const known = texts.map((text) => items.get(textKey(text)));
      return {
        ...read,
        hidden: together(
          known.map((rows) => rows?.hidden),
          read?.hidden,
          missing.length,
        ),
        distributions: together(
          known.map((rows) => rows?.distribution),
          read?.distributions,
          missing.length,
        ),
      };
    },
    async readUsers(texts) {
      const missing = missingOf(texts, users);
      if (missing.length === texts.length) return (await reader()).readUsers(texts);
      const read = missing.length > 0 ? await (await reader()).readUsers(missing) : undefined;
      const known = texts.map((text) => users.get(textKey(text)));
      return { ...read, distributions: together(known, read?.distributions, missing.length) };
    },
    release: async () => {
      await (await opened)?.release();
    },
  };
}

/** The rows that are known, and in the places of the others those that were read, in their order. */
function together(
  known: readonly (Float32Array | undefined)[],
  read: Float32Array | undefined,
  count: number,
): Float32Array {
  const width = known.find((row) => row !== undefined)?.length ?? read!.length / count;
  const all = new Float32Array(known.length * width);
  let next = 0;
  known.forEach((row, i) => {
    all.set(row ?? read!.subarray(next * width, (next + 1) * width), i * width);
    if (!row) next++;
  });
  return all;
}
