// A file of JSON lines, one object a line, as a table.
import { basename } from 'node:path';
import { TslrecError } from '../errors.ts';
import { duplicateKey, jsonValue } from '../json.ts';
import { type BadRows, shown } from './bad-rows.ts';
import { SEPARATORS } from './csv.ts';
import { firstLines, forEachLine, otherLineEnd } from './lines.ts';
import type { Row, Table } from './table.ts';
import { firstText } from './text-bytes.ts';

/** What a line says, or where it is wrong. */
export type ParsedLine =
  | { readonly record: Readonly<Record<string, unknown>> }
  | { readonly column: number; readonly got: string; readonly expected: string };

export type ParseLine = (text: string) => ParsedLine;

/** The columns of a table are those of so many of its first rows. */
const LOOKED_AT = 100;

/** Throws 'bad-data' where the file is no text, one document in the place of lines, or no JSON at all. */
export async function openJsonTable(path: string, badRows: BadRows, parse = parseJson): Promise<Table> {
  const file = basename(path);
  refuseDocument(path, await firstText(path));
  const columns = new Set<string>();
  const first = await firstLines(path, LOOKED_AT);
  refuseSeparated(path, first);
  for (const text of first) {
    const parsed = parse(text);
    if ('record' in parsed) for (const name of Object.keys(parsed.record)) columns.add(name);
  }
  const records: Table['records'] = async (onRecord) => {
    const row = new JsonRow(file);
    await forEachLine(path, (raw, line, isWhole) => {
      [row.raw, row.line, row.isWhole] = [raw, line, isWhole];
      const parsed = parse(raw);
      if ('record' in parsed) onRecord(parsed.record, row);
      else badRows.report({ file, line, raw, ...parsed });
    });
  };
  return {
    name: file,
    columns: [...columns],
    records,
    rows: async (wanted, onRow) => {
      const values: unknown[] = wanted.map(() => undefined);
      await records((record, row) => {
        for (const [i, name] of wanted.entries()) values[i] = record[name];
        onRow(values, row);
      });
    },
  };
}

class JsonRow implements Row {
  line = 0;
  raw = '';
  isWhole = true;
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  column(name: string): number {
    const places = [JSON.stringify(name), `'${name}'`].map((quoted) => this.raw.indexOf(quoted) + 1);
    return places.find((place) => place > 0) ?? 1;
  }
}

export const JSON_ARRAY = 'a JSON array';

/** What JSON a file is that begins so and is not one object a line. */
export function documentIn(head: string): string | undefined {
  const [first = '', second = ''] = head.split(/[\r\n]+/).flatMap((line) => line.trim() || []);
  if (/^\[\s*([[{"\]]|$)/.test(first) || Array.isArray(jsonValue(first))) return JSON_ARRAY;
  const isOpen = /^\{([^}]*[[{,:])?$/.test(first) && (/[[:]$/.test(first) || !second.startsWith('{'));
  return isOpen && second !== '' ? 'a JSON object over several lines' : undefined;
}

function refuseDocument(path: string, head: string): void {
  const got = documentIn(head);
  if (got === undefined) return;
  throw new TslrecError(
    'bad-data',
    `${path}: got ${got}, expected one JSON object a line; write it so, as ` +
      `\`jq -c '.[]' ${basename(path)}\` does of the objects in a list.`,
  );
}

function refuseSeparated(path: string, first: readonly string[]): void {
  const [header] = first;
  if (header === undefined || first.some((text) => text.trimStart().startsWith('{'))) return;
  if (!SEPARATORS.some((separator) => header.includes(separator))) return;
  throw new TslrecError(
    'bad-data',
    `${path}: got separated values, as in CSV (its first line is ${shown(header)}), expected one JSON ` +
      'object a line; write each row as {"name": value, ...}.',
  );
}

/** One object, and others behind an end of line that is none here. */
const OBJECTS = /\}\s*[\v\x85\u2028\u2029]\s*\{/;

export function parseJson(text: string): ParsedLine {
  const expected = 'one JSON object';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { column: 1, got: shown(text), expected };
    const twice = duplicateKey(text, value);
    if (twice !== undefined)
      return { column: twice.at + 1, got: `the key ${shown(twice.key)} twice`, expected: 'each key once' };
    return { record: value as Record<string, unknown> };
  } catch (error) {
    const position = /at position (\d+)/.exec((error as Error).message)?.[1];
    const column = position === undefined ? text.length : Number(position) + 1;
    const [between] = OBJECTS.exec(text) ?? [];
    if (between === undefined) return { column, got: shown(text), expected };
    return {
      column,
      got: `objects parted by ${otherLineEnd(between)}`,
      expected: `${expected}, ended by LF`,
    };
  }
}
