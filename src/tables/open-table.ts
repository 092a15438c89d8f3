// A file of any form that is read here -> a table; its first bytes tell which.
import { openNamedFile } from '../named-file.ts';
import type { BadRows } from './bad-rows.ts';
import { openCsvTable } from './csv-table.ts';
import { openJsonTable } from './json-table.ts';
import { firstLines } from './lines.ts';
import { openParquetTable, PARQUET_MARK } from './parquet-table.ts';
import type { Table } from './table.ts';

export async function openTable(path: string, badRows: BadRows): Promise<Table> {
  if ((await firstBytes(path, PARQUET_MARK.length)) === PARQUET_MARK) return openParquetTable(path);
  const [line = ''] = await firstLines(path, 1);
  return line.trimStart().startsWith('{') ? openJsonTable(path, badRows) : openCsvTable(path, {}, badRows);
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
