// A Parquet file as a table, one row group at a time and of it only the columns that are asked for.
import { basename } from 'node:path';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { TslrecError } from '../errors.ts';
import { openNamedFile, readBytes } from '../named-file.ts';
import { Instant } from './instant.ts';
import type { Table } from './table.ts';
import { ValuesRow } from './values-row.ts';

/** What such a file begins with, and ends with. */
export const PARQUET_MARK = 'PAR1';
/** Where even what the columns are is encrypted. */
export const ENCRYPTED_MARK = 'PARE';

/** What pandas keeps of its index is no column of the table. */
const INDEX = /^__index_level_\d+__$/;
/** More would not fit into memory; writers make groups of a million rows and fewer. */
const LARGEST_ROW_GROUP = 3e7;

/** Throws 'bad-data' where the file is damaged, or has a row group of more than 30 million rows. */
export async function openParquetTable(path: string): Promise<Table> {
  const file = basename(path);
  const metadata = await withFile(path, (buffer) =>
    told(path, parquetMetadataAsync(buffer, { geoparquet: false })),
  );
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  refuseLarge(path, metadata);

  const rows: Table['rows'] = (wanted, onRow) =>
    withFile(path, async (buffer) => {
      const known = [...new Set(wanted.filter((name) => columns.includes(name)))];
      const options = { file: buffer, metadata, columns: known, compressors: DECOMPRESS, parsers: PARSERS };
      const scan = await told(path, parquetScan(options));
      const row = new ValuesRow(file, wanted);
      for (const range of scan.ranges) {
        const read = new Map<string, ArrayLike<unknown>>();
        for (const column of known) read.set(column, await told(path, scan.readColumn({ column, ...range })));
        const data = wanted.map((column) => read.get(column));
        for (let i = 0; i < range.rowEnd - range.rowStart; i++) {
          row.line = range.rowStart + i + 1;
          for (const [place, values] of data.entries()) row.values[place] = values?.[i];
          onRow(row.values, row);
        }
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

/** hyparquet-compressors 1.1.2 does not know LZ4's block of nothing, which a page of nulls is. */
const DECOMPRESS: typeof compressors = {
  ...compressors,
  LZ4_RAW: (input, length) => (length === 0 ? new Uint8Array() : compressors.LZ4_RAW!(input, length)),
};

/** Microseconds stay apart. */
const PARSERS = {
  timestampFromMicroseconds: (microseconds: bigint) => new Instant(microseconds),
  timestampFromNanoseconds: (nanoseconds: bigint) => new Instant(nanoseconds / 1000n),
};

/** Opens the file for as long as it is read. */
async function withFile<Result>(path: string, read: (file: AsyncBuffer) => Promise<Result>): Promise<Result> {
  const { handle, size } = await openNamedFile(path);
  const slice = (start: number, end = size) => readBytes(handle, path, start, end - start);
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
    throw new TslrecError(
      'bad-data',
      `${path}: got a damaged Parquet file, or one of a kind that is not read ` +
        `(${(error as Error).message}), expected a whole one; copy it again, or write it without encryption.`,
      { cause: error },
    );
  }
}

function refuseLarge(path: string, { row_groups }: FileMetaData): void {
  const largest = row_groups.reduce((most, { num_rows }) => (num_rows > most ? num_rows : most), 0n);
  if (largest <= LARGEST_ROW_GROUP) return;
  throw new TslrecError(
    'bad-data',
    `${path}: got a row group of ${largest} rows, expected at most ${LARGEST_ROW_GROUP}; write the file in ` +
      'smaller ones.',
  );
}
