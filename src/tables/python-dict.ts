// Lines that are Python dicts, as print() and str() write them in the place of JSON.
import { type BadRows, shown } from './bad-rows.ts';
import { openJsonTable, type ParsedLine, parseJson } from './json-table.ts';
import { firstLines } from './lines.ts';
import { NoLiteral, parsePythonLiteral } from './python-literal.ts';
import type { Table } from './table.ts';

/** Of dicts or of JSON lines: the first tells, as JSON has no single quotation marks. */
export async function openDictTable(path: string, badRows: BadRows): Promise<Table> {
  const [line = ''] = await firstLines(path, 1);
  return openJsonTable(path, badRows, /^\s*\{\s*u?'/.test(line) ? parsePythonDict : parseJson);
}

function parsePythonDict(text: string): ParsedLine {
  const expected = 'one Python dict';
  try {
    const value = parsePythonLiteral(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { record: value as Record<string, unknown> };
    return { column: 1, got: shown(text), expected };
  } catch (error) {
    if (error instanceof NoLiteral) return { column: error.at + 1, got: shown(text), expected };
    throw error;
  }
}
