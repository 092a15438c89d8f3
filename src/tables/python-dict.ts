// A line that is a Python dict, as a table of lines takes it.
import { shown } from './bad-rows.ts';
import type { ParsedLine } from './json-table.ts';
import { NoLiteral, parsePythonLiteral } from './python-literal.ts';

export function parsePythonDict(text: string): ParsedLine {
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
