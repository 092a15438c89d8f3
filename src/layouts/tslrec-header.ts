// The header of interactions.csv -> which column says what. Names count without regard to case and
// surrounding blanks. The time may have another of the names that are usual for it; what is read under
// another name than the documented one, and what is not read, is said.
import { TslrecError } from '../errors.ts';
import { shown } from '../tables/bad-rows.ts';
import type { CsvTable } from '../tables/csv-table.ts';
import { bareName, columnNamed, EVENT_NAMES, RATING_NAMES, TIME_NAMES } from './column-names.ts';
import type { FilterChoices } from './interaction-filter.ts';
import type { InteractionColumns } from './interaction-rows.ts';

export interface Header {
  readonly columns: InteractionColumns;
  /** Sentences, for people. */
  readonly notes: readonly string[];
}

/** As they are documented; the last may be missing. */
const [USER, ITEM, TIME] = ['user_id', 'item_id', 'timestamp'];
const SHOWN_COLUMNS = 20;

/** Throws 'bad-data' where it is no header, or has two columns that may be the time. */
export function readHeader({ name: file, columns, header }: CsvTable, filters: FilterChoices): Header {
  const refuse = (got: string, expected: string): never => {
    throw new TslrecError('bad-data', `${file}:1:1: got ${got}, expected ${expected}.`);
  };
  const [user, item] = [USER, ITEM].map((name) => columns.find((column) => key(column) === name));
  if (user === undefined || item === undefined)
    return refuse(
      shown(header),
      `a header with the columns ${USER}, ${ITEM} and, where known, ${TIME}, separated by commas, ` +
        'semicolons or tabs; name them so, or add it as the first line',
    );
  const times = timeColumns(columns);
  if (times.length > 1)
    return refuse(
      `${listed(times)}, each of which may be the time`,
      `one; call the one that is meant ${TIME}`,
    );
  const time = times.at(0);
  const rating = filters.minRating === undefined ? undefined : columnNamed(columns, RATING_NAMES);
  const event = filters.events === undefined ? undefined : columnNamed(columns, EVENT_NAMES);
  const read = { user, item, time, rating, event };
  return { columns: read, notes: notesOn(file, columns, read) };
}

function notesOn(
  file: string,
  columns: readonly string[],
  { user, item, time, ...filters }: InteractionColumns,
): string[] {
  const read = [
    [user, USER],
    [item, ITEM],
    [time, TIME],
  ] as const;
  const notes = read.flatMap(([column, name]) =>
    column === undefined || column === name ? [] : `${file}: the column ${shown(column)} is read as ${name}.`,
  );
  const known = [user, item, time, ...Object.values(filters)];
  const others = columns.filter((column) => !known.includes(column));
  if (time === undefined) {
    const alike = others.filter(looksLikeTime);
    notes.push(
      `${file} has no column that is known as the time: the order of its rows is taken for the order in ` +
        (alike.length > 0 ? `time; if the time is in ${listed(alike)}, call that column ${TIME}.` : 'time.'),
    );
  }
  if (others.length > 0) notes.push(`${file}: columns that are not read: ${listed(others)}.`);
  return notes;
}

const key = (name: string) => name.toLowerCase();

function listed(names: readonly string[]): string {
  const more = names.length > SHOWN_COLUMNS ? ` and ${names.length - SHOWN_COLUMNS} more` : '';
  return names.slice(0, SHOWN_COLUMNS).map(shown).join(', ') + more;
}

/** The column of the documented name, or all that may be meant. */
function timeColumns(columns: readonly string[]): string[] {
  const documented = columns.find((column) => key(column) === TIME);
  if (documented !== undefined) return [documented];
  return columns.filter((column) => TIME_NAMES.has(bareName(column)));
}

/** A name with a word of time in it: only asked of columns that are not read. */
function looksLikeTime(name: string): boolean {
  const words = name
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.some((word) => /(time|date|stamp|epoch)$|^(at|day|hour|month|year|ts)$/.test(word));
}
