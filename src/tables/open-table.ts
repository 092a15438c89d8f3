// A file of any form that is read here -> a table; its first bytes tell which.
import { openNamedFile } from '../named-file.ts';
import type { BadRows } from './bad-rows.ts';
import { openCsvTable } from './csv-table.ts';
import { documentIn, openJsonTable } from './json-table.ts';
import { ENCRYPTED_MARK, openParquetTable, PARQUET_MARK } from './parquet-table.ts';
import type { Table } from './table.ts';
import { firstText } from './text-bytes.ts';
import { UnreadableTable } from './unreadable-table.ts';

/** Throws 'bad-data' where there is no table in the file, or it is damaged. */
export async function openTable(path: string, badRows: BadRows): Promise<Table> {
  const mark = await firstBytes(path, PARQUET_MARK.length);
  if (mark === PARQUET_MARK || mark === ENCRYPTED_MARK) return openParquetTable(path);
  if (/\.parquet$/i.test(path))
    throw new UnreadableTable(
      `${path}: got something else than Parquet, expected what its name says; copy it again, or name it by ` +
        'what is in it.',
    );
  const head = await firstText(path);
  const isJson = head.trimStart().startsWith('{') || documentIn(head) !== undefined;
  return isJson ? openJsonTable(path, badRows) : openCsvTable(path, {}, badRows);
}

async function firstBytes(path: string, count: number): Promise<string> {
  const { handle } = await openNamedFile(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
