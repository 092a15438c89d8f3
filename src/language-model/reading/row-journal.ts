// Rows that a server gave, kept in a file as they come, so that a refresh that broke off asks again only for
// those that are missing. One JSON line a row, appended; of a line that a kill cut short nothing is used.
import { appendFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { TslrecError } from '../../errors.ts';
import { makeFolder } from '../../files.ts';
import { decodeFloats } from '../../formats/floats.ts';
import { jsonValue } from '../../json.ts';
import { fileMode } from '../../private-files.ts';
import { forEachLine } from '../../tables/lines.ts';

export interface KeptRow {
  readonly values: Float32Array;
  /** Of a model that generates: answers that could not be read before this one came. */
  readonly malformed?: number;
}

/** The rows of one kind, by number. */
export interface KeptRows {
  /** Behind what is wrong with the rows: what to remove so that none of an earlier run is among them. */
  readonly anew: string;
  readonly rows: ReadonlyMap<number, KeptRow>;
  /** `rows` are numbers and what stands there; `model` is who gave them. */
  keep(rows: readonly (readonly [number, KeptRow])[], model: string): void;
}

interface Line {
  readonly kind: string;
  readonly row: number;
  /** float32 in base64. */
  readonly values: string;
  readonly malformed?: number;
}

/** Without a file they are kept in memory alone. */
export async function openRowJournal(file?: string): Promise<(kind: string) => KeptRows> {
  const kinds = new Map<string, Map<number, KeptRow>>();
  const rowsOf = (kind: string) => {
    const rows = kinds.get(kind) ?? new Map<number, KeptRow>();
    kinds.set(kind, rows);
    return rows;
  };
  if (file !== undefined) makeFolder(path.dirname(file));
  if (file !== undefined && existsSync(file)) {
    await forEachLine(file, (text) => {
      const line = jsonValue(text) as Line | undefined;
      if (!line) return;
      const values = decodeFloats(Buffer.from(line.values, 'base64'), 'F32');
      rowsOf(line.kind).set(line.row, { values, malformed: line.malformed });
    });
  }
  return (kind) => {
    const rows = rowsOf(kind);
    return {
      anew: file === undefined ? '' : `, and remove ${file} to have all read anew`,
      rows,
      keep(added, model) {
        for (const [row, kept] of added) {
          checkWidth(kept, rows, file, model);
          rows.set(row, kept);
        }
        if (file === undefined) return;
        // Each begins with a line end: what a kill has left of a line before it ends there.
        appendFileSync(
          file,
          added.map(([row, kept]) => `\n${JSON.stringify(asLine(kind, row, kept))}`).join(''),
          { mode: fileMode(file) },
        );
      },
    };
  };
}

const asLine = (kind: string, row: number, { values, malformed }: KeptRow): Line => ({
  kind,
  row,
  values: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
  malformed,
});

function checkWidth(
  { values }: KeptRow,
  before: ReadonlyMap<number, KeptRow>,
  file: string | undefined,
  model: string,
): void {
  const [first = { values }] = before.values();
  if (values.length === first.values.length) return;
  throw new TslrecError(
    'bad-data',
    `${model}: got rows of ${values.length} numbers, expected ${first.values.length} as in those ` +
      (file === undefined
        ? 'before; serve one model.'
        : `that an earlier run kept in ${file}; serve the model of then, or remove that file to have all ` +
          'read anew.'),
  );
}
