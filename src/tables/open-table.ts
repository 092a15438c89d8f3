// A file of any form that is read here -> a table; its first character tells which.
import type { BadRows } from './bad-rows.ts';
import { openCsvTable } from './csv-table.ts';
import { openJsonTable } from './json-table.ts';
import { firstLines } from './lines.ts';
import type { Table } from './table.ts';

export async function openTable(path: string, badRows: BadRows): Promise<Table> {
  const [line = ''] = await firstLines(path, 1);
  return line.trimStart().startsWith('{') ? openJsonTable(path, badRows) : openCsvTable(path, {}, badRows);
}
