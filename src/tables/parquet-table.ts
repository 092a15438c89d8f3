// A Parquet file as a table, one row group at a time and of it only the columns that are asked for.
import { isUtf8 } from 'node:buffer';
import { basename } from 'node:path';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadata,
  parquetScan,
  parquetSchema,
  type RowGroup,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet';
import { TslrecError } from '../errors.ts';
import { openNamedFile, readBytes } from '../named-file.ts';
import { shown } from './bad-rows.ts';
import { bytesRead } from './bytes-read.ts';
import { Instant } from './instant.ts';
import { checkFooter, checkPages, DECOMPRESS } from './parquet-pages.ts';
import type { Table } from './table.ts';
import { UnreadableTable } from './unreadable-table.ts';
import { ValuesRow } from './values-row.ts';

/** What such a file begins with, and ends with. */
export const PARQUET_MARK = 'PAR1';
/** Where even what the columns are is encrypted. */
export const ENCRYPTED_MARK = 'PARE';

/** What pandas keeps of its index is no column of the table. */
const INDEX = /^__index_level_\d+__$/;
/** More would not fit into memory; writers make groups of a million rows and fewer. */
const LARGEST_ROW_GROUP = 3e7;
/** A footer tells of each column of each row group. */
const LARGEST_FOOTER = 2 ** 28;

/** Throws 'bad-data' where the file is damaged, or has a row group of more than 30 million rows. */
export async function openParquetTable(path: string): Promise<Table> {
  const file = basename(path);
  const metadata = await withFile(path, (buffer) => told(path, readMetadata(path, buffer)));
  const schema = parquetSchema(metadata);
  const columns = schema.children.map(({ element }) => element.name);
  refuseTwice(path, columns);
  refuseLarge(path, metadata);
  const scales = takeDecimals(schema);

  const rows: Table['rows'] = (wanted, onRow) =>
    withFile(path, async (buffer) => {
      const known = [...new Set(wanted.filter((name) => columns.includes(name)))];
      const { parsers, broken } = textParsers();
      const options = { file: buffer, metadata, columns: known, compressors: DECOMPRESS, parsers };
      const scan = await told(path, parquetScan(options));
      const row = new ValuesRow(file, wanted);
      const groups = metadata.row_groups.filter(({ num_rows }) => num_rows > 0n);
      for (const [i, range] of scan.ranges.entries()) {
        const count = range.rowEnd - range.rowStart;
        const read = new Map<string, (row: number) => unknown>();
        for (const column of known) {
          await told(path, checkColumn(buffer, schema, groups[i], column));
          const values = await told(path, scan.readColumn({ column, ...range }));
          if (values.length !== count) throw damaged(path, `${values.length} of ${count} values`);
          const scale = scales.get(column);
          const take = scale === undefined ? undefined : (value: unknown) => decimalOf(value, scale);
          read.set(column, (place) => (take ? take(values[place]) : values[place]));
        }
        const data = wanted.map((column) => read.get(column));
        for (let place = 0; place < count; place++) {
          row.line = range.rowStart + place + 1;
          for (const [at, value] of data.entries()) row.values[at] = value?.(place);
          row.isWhole = broken.size === 0 || !row.values.some((value) => broken.has(value));
          onRow(row.values, row);
        }
        broken.clear();
      }
    });
  const named = columns.filter((name) => !INDEX.test(name));
  return {
    name: file,
    columns: named,
    rows,
    records: (onRecord) =>
      rows(named, (values, row) =>
        onRecord(Object.fromEntries(named.map((name, i) => [name, values[i]])), row),
      ),
  };
}

/** Microseconds stay apart; what is no UTF-8 is remembered, as it stands in the values. */
function textParsers() {
  const broken = new Set<unknown>();
  const stringFromBytes = (bytes: Uint8Array | undefined) => {
    if (bytes === undefined) return undefined;
    const text = LENIENT.decode(bytes);
    if (text.includes('\uFFFD') && !isUtf8(bytes)) broken.add(text);
    return text;
  };
  const parsers = {
    stringFromBytes: stringFromBytes as (bytes: Uint8Array) => string,
    timestampFromMicroseconds: (microseconds: bigint) => new Instant(microseconds),
    timestampFromNanoseconds: (nanoseconds: bigint) => new Instant(nanoseconds / 1000n),
  };
  return { parsers, broken };
}

const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Has the library leave decimals alone, and gives their scales: it makes doubles of them, and ids of 20
 * digits, as some databases write all whole numbers, would become the same.
 */
function takeDecimals({ children }: SchemaTree): Map<string, number> {
  const scales = new Map<string, number>();
  for (const { element, children: parts } of children) {
    // Those in bytes of any length would be taken for text.
    if (element.converted_type !== 'DECIMAL' || parts.length > 0 || element.type === 'BYTE_ARRAY') continue;
    scales.set(element.name, element.scale ?? 0);
    [element.converted_type, element.logical_type] = [undefined, undefined];
  }
  return scales;
}

/** A number where one holds all digits, else its digits. */
function decimalOf(value: unknown, scale: number): unknown {
  if (value === undefined || value === null) return undefined;
  const unscaled = value instanceof Uint8Array ? signedOf(value) : BigInt(value as number | bigint);
  if (Number.isSafeInteger(Number(unscaled))) return Number(unscaled) / 10 ** scale;
  if (scale === 0) return unscaled;
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function signedOf(bytes: Uint8Array): bigint {
  return bytes.length === 0
    ? 0n
    : BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

async function readMetadata(path: string, file: AsyncBuffer): Promise<FileMetaData> {
  const tail = Buffer.from(await file.slice(Math.max(0, file.byteLength - 8)));
  const mark = tail.toString('latin1', tail.length - 4);
  if (mark === ENCRYPTED_MARK)
    throw new UnreadableTable(
      `${path}: got an encrypted Parquet file, expected one that can be read; write it without encryption.`,
    );
  const length = tail.length < 8 ? 0 : tail.readUInt32LE();
  if (mark !== PARQUET_MARK || length + 8 > file.byteLength) throw new Error('its end is not there');
  if (length > LARGEST_FOOTER) throw new Error(`a footer of ${length} bytes`);
  const footer = Buffer.from(await file.slice(file.byteLength - 8 - length));
  checkFooter(footer, 0);
  const metadata = parquetMetadata(footer, { geoparquet: false });
  const rows = metadata.row_groups.reduce((sum, { num_rows }) => sum + num_rows, 0n);
  if (rows !== metadata.num_rows) throw new Error(`${rows} rows in place of ${metadata.num_rows}`);
  return metadata;
}

/** Reads the pages of a column once before the library does. */
async function checkColumn(file: AsyncBuffer, schema: SchemaTree, group: RowGroup, name: string) {
  for (const { meta_data: meta } of group.columns) {
    if (meta === undefined) throw new Error('an encrypted column');
    if (meta.path_in_schema[0] !== name) continue;
    if (meta.num_values > LARGEST_ROW_GROUP) throw new Error(`a column of ${meta.num_values} values`);
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    if (start < 0 || end < start || end > file.byteLength) throw new Error('a column that is not there');
    const path = pathOf(schema, meta.path_in_schema);
    checkPages(new Uint8Array(await file.slice(start, end)), { meta, path });
  }
}

function pathOf(schema: SchemaTree, names: readonly string[]): SchemaElement[] {
  const path = [schema.element];
  let at = schema;
  for (const name of names) {
    const child = at.children.find(({ element }) => element.name === name);
    if (child === undefined) throw new Error('a column that its schema lacks');
    at = child;
    path.push(at.element);
  }
  return path;
}

/** Opens the file for as long as it is read. */
async function withFile<Result>(path: string, read: (file: AsyncBuffer) => Promise<Result>): Promise<Result> {
  const { handle, size } = await openNamedFile(path);
  const slice = (start: number, end = size) => {
    bytesRead.publish(end - start);
    return readBytes(handle, path, start, end - start);
  };
  try {
    return await read({ byteLength: size, slice });
  } finally {
    await handle.close();
  }
}

/** What goes wrong in the library is the file's fault. */
async function told<Result>(path: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TslrecError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    // Where the library trips over what it has read, its words tell of itself.
    const isOurs = !(error instanceof TypeError || error instanceof RangeError);
    throw damaged(path, isOurs ? (error as Error).message : 'its parts do not fit together', error);
  }
}

const damaged = (path: string, what: string, cause?: unknown): UnreadableTable =>
  new UnreadableTable(
    `${path}: got a damaged Parquet file, or one of a kind that is not read (${what}), expected a whole ` +
      'one; copy it again, or write it without encryption.',
    { cause },
  );

function refuseTwice(path: string, columns: readonly string[]): void {
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice === undefined) return;
  throw new UnreadableTable(
    `${path}: got the column ${shown(twice)} twice, expected each name once; write it with one of them.`,
  );
}

function refuseLarge(path: string, { row_groups }: FileMetaData): void {
  const largest = row_groups.reduce((most, { num_rows }) => (num_rows > most ? num_rows : most), 0n);
  if (largest <= LARGEST_ROW_GROUP) return;
  throw new UnreadableTable(
    `${path}: got a row group of ${largest} rows, expected at most ${LARGEST_ROW_GROUP}; write the file in ` +
      'smaller ones.',
  );
}
