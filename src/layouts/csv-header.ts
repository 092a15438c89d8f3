// Whether a file with a usual name is the one of a layout, which its header tells.
import { TslrecError } from '../errors.ts';
import { BadRows } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';

/** False, too, of a file that is no text, of which a layout knows nothing. */
export async function hasColumns(path: string, expected: readonly string[]): Promise<boolean> {
  try {
    const { columns } = await openCsvTable(path, {}, new BadRows('stop'));
    return expected.every((name) => columns.includes(name));
  } catch (error) {
    if (error instanceof TslrecError) return false;
    throw error;
  }
}
