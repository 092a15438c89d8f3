// A file of separated values as a table: CSV with a header, or columns that its format names. A quoted value
// may have line breaks in it; a quotation mark that is never closed spoils its own line and none after it.
import { basename } from 'node:path';
import { TslrecError } from '../errors.ts';
import { jsonValue } from '../json.ts';
import { type BadRows, shown } from './bad-rows.ts';
import { cutCsv, SEPARATORS } from './csv.ts';
import { documentIn } from './json-table.ts';
import { type Encoding, firstLines, forEachLine, otherLineEnd } from './lines.ts';
import type { Row, Table } from './table.ts';
import { firstText } from './text-bytes.ts';

export interface CsvForm {
  /** What stands between two values; found in the header where it is not given. */
  readonly separator?: string;
  /** The names of the columns, where the file has no header. */
  readonly columns?: readonly string[];
  /** Names that the header should have: its separator is the one that cuts them out. */
  readonly expected?: readonly string[];
  /** False where quotation marks are characters as others are. */
  readonly quotes?: boolean;
  readonly encoding?: Encoding;
}

export interface CsvTable extends Table {
  /** As it was written; '' where the file has none. */
  readonly header: string;
  readonly separator: string;
}

/** A quoted value that goes on for longer is one that was not closed. */
const MOST_LINES = 1_000;
const MOST_CHARACTERS = 2 ** 20;

/** Throws 'bad-data' where the file is no text, or has a name twice in its header. */
export async function openCsvTable(path: string, form: CsvForm, badRows: BadRows): Promise<CsvTable> {
  const file = basename(path);
  const { encoding, quotes = true } = form;
  const header = form.columns ? '' : await readHeader(path, encoding);
  const separator = form.separator ?? findSeparator(header, form.expected ?? []);
  const cutHeader = quotes ? cutCsv(header, separator) : header.split(separator);
  const columns = form.columns ?? (cutHeader ?? []).map((name) => name.trim());
  refuseTwice(file, columns);

  const read = async (
    wanted: readonly string[],
    onRow: (values: readonly string[], row: CsvRow) => void,
  ): Promise<void> => {
    const row = new CsvRow(file, columns, separator);
    /** Of each column the place of its value among those that are wanted. */
    const places = columns.map((name) => wanted.indexOf(name));
    const values = wanted.map(() => '');
    /** How many fields there are; undefined where the record cannot be cut. */
    const takeAll = (text: string): number | undefined => {
      if (!quotes || !text.includes('"')) return take(text, separator, places, values);
      const fields = cutCsv(text, separator);
      for (const [field, place] of places.entries()) if (place >= 0) values[place] = fields?.[field] ?? '';
      return fields?.length;
    };
    const onRecord = (text: string, line: number, isWhole: boolean) => {
      [row.raw, row.line, row.isWhole] = [text, line, isWhole];
      const count = takeAll(text);
      if (count === columns.length) return onRow(values, row);
      const [got, expected] =
        count === undefined
          ? [shown(text), 'a row whose quotation marks are closed']
          : [`${count} ${count === 1 ? 'column' : 'columns'}`, `${columns.length}`];
      badRows.report({ file, line, column: 1, raw: text, got, expected });
    };
    const isRecord = (text: string) => cutCsv(text, separator)?.length === columns.length;
    const { onLine, end } = quotes ? joinQuoted(isRecord, onRecord) : { onLine: onRecord, end: () => {} };
    let isHeader = form.columns === undefined;
    await forEachLine(
      path,
      (text, line, isWhole) => {
        if (isHeader) isHeader = false;
        else onLine(text, line, isWhole);
      },
      encoding,
    );
    end();
  };

  return {
    name: file,
    columns,
    header,
    separator,
    rows: read,
    records: (onRecord) =>
      read(columns, (values, row) =>
        onRecord(Object.fromEntries(columns.map((name, i) => [name, values[i]])), row),
      ),
  };
}

async function readHeader(path: string, encoding: Encoding | undefined): Promise<string> {
  const [header = ''] = await firstLines(path, 1, encoding);
  const refuse = (got: string, todo: string): never => {
    throw new TslrecError(
      'bad-data',
      `${path}: got ${got}, expected separated values (CSV) with a header; ${todo}.`,
    );
  };
  const isLine = header.trimStart().startsWith('{') && jsonValue(header) !== undefined;
  const json = isLine ? 'JSON lines' : documentIn(await firstText(path));
  if (json !== undefined) refuse(json, 'write the values of its objects under a header');
  const end = otherLineEnd(header);
  if (end !== undefined) refuse(`a header with ${end} in it`, 'end each line with LF or CRLF');
  return header;
}

class CsvRow implements Row {
  line = 0;
  raw = '';
  isWhole = true;
  readonly file: string;
  readonly #columns: readonly string[];
  readonly #separator: string;

  constructor(file: string, columns: readonly string[], separator: string) {
    this.file = file;
    this.#columns = columns;
    this.#separator = separator;
  }

  column(name: string): number {
    const before = this.raw.split(this.#separator).slice(0, this.#columns.indexOf(name));
    return before.reduce((sum, field) => sum + field.length + this.#separator.length, 1);
  }
}

/** Cuts a text without quotation marks, and puts each value into its place. Gives the count of fields. */
function take(text: string, separator: string, places: readonly number[], values: string[]): number {
  let from = 0;
  for (let field = 0; ; field++) {
    const to = text.indexOf(separator, from);
    const place = places[field];
    if (place >= 0) values[place] = to < 0 ? text.slice(from) : text.slice(from, to);
    if (to < 0) return field + 1;
    from = to + separator.length;
  }
}

type OnRecord = (text: string, line: number, isWhole: boolean) => void;

/**
 * Lines -> records. A line that opens a quotation mark is joined with those until one closes it; where the
 * whole is no record either, it stands alone, and the lines behind it are read as if it was not there.
 */
function joinQuoted(isRecord: (text: string) => boolean, onRecord: OnRecord) {
  let open: Parameters<OnRecord>[] = [];
  let characters = 0;
  const giveUp = () => {
    const [first, ...others] = open;
    open = [];
    onRecord(...first);
    for (const other of others) onLine(...other);
  };
  const onLine: OnRecord = (text, line, isWhole) => {
    const isTurn = hasOddQuotes(text);
    if (open.length === 0 && !isTurn) return onRecord(text, line, isWhole);
    characters = open.length === 0 ? text.length : characters + text.length;
    open.push([text, line, isWhole]);
    if (open.length === 1) return;
    if (isTurn) {
      const joined = open.map(([part]) => part).join('\n');
      if (!isRecord(joined)) return giveUp();
      const [, firstLine] = open[0];
      const allWhole = open.every(([, , whole]) => whole);
      open = [];
      onRecord(joined, firstLine, allWhole);
    } else if (open.length > MOST_LINES || characters > MOST_CHARACTERS) giveUp();
  };
  const end = () => {
    while (open.length > 0) giveUp();
  };
  return { onLine, end };
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

/** The separator that cuts the expected names out of the header, or the one that cuts the most names. */
function findSeparator(header: string, expected: readonly string[]): string {
  const cuts = SEPARATORS.map((separator) => ({
    separator,
    names: (cutCsv(header, separator) ?? []).map((name) => name.trim().toLowerCase()),
  }));
  const found = cuts.filter(({ names }) => expected.every((name) => names.includes(name)));
  const [most] = (found.length > 0 ? found : cuts).toSorted((a, b) => b.names.length - a.names.length);
  return most.separator;
}

function refuseTwice(file: string, columns: readonly string[]): void {
  const keys = columns.map((name) => name.toLowerCase());
  const twice = columns.find((name, at) => name !== '' && keys.indexOf(keys[at]) !== at);
  if (twice === undefined) return;
  throw new TslrecError(
    'bad-data',
    `${file}:1:1: got the column ${shown(twice)} twice, expected each name once, small and capital letters ` +
      'alike; rename one, or take it out.',
  );
}
