// One record of separated values <-> its fields (RFC 4180). What has no quotation marks, which is nearly
// every line, is cut by hand, as is a line whose fields are quoted as a whole; csv-parse does the others.
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

/** What a header is tried with. */
export const SEPARATORS = [',', ';', '\t', '|'];

/** The fields of a record, or undefined where its quotation marks are not closed, or it is more than one. */
export function cutCsv(text: string, separator = ','): string[] | undefined {
  if (!text.includes('"')) return text.split(separator);
  const fields = text.split(separator);
  if (fields.every(isPlainOrQuoted)) return fields.map(unquoted);
  try {
    const trim = separator !== '\t'; // which is a blank, too
    const records = parse(text, { delimiter: separator, trim, relax_column_count: true });
    return records.length === 1 ? records[0] : undefined;
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

/** Such a field stands between separators that are none of a quoted text. */
const isPlainOrQuoted = (field: string): boolean => {
  const first = field.indexOf('"');
  return first < 0 || (first === 0 && field.length > 1 && field.indexOf('"', 1) === field.length - 1);
};
const unquoted = (field: string): string => (field.startsWith('"') ? field.slice(1, -1) : field);

export function csvField(value: string): string {
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
