// Whether a file with a usual name is the one of a layout, which its header tells.
import { BadRows } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';

/** Throws 'bad-data' where the file is no text. */
export async function hasColumns(path: string, expected: readonly string[]): Promise<boolean> {
  const { columns } = await openCsvTable(path, {}, new BadRows('stop'));
  return expected.every((name) => columns.includes(name));
}
