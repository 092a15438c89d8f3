// One line of CSV <-> its fields (RFC 4180, less line breaks inside a field: an id has none).
// A line without quotation marks, which is nearly every line, is cut by hand; csv-parse does the others.
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

/** The fields of a line, or undefined where its quotation marks are not closed. */
export function cutCsvLine(text: string, separator = ','): string[] | undefined {
  if (!text.includes('"')) return text.split(separator);
  try {
    const trim = separator !== '\t'; // which is a blank, too
    return parse(text, { delimiter: separator, trim })[0];
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

export function csvField(value: string): string {
  return /[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
