// The header of interactions.csv -> which column says what. Names count without regard to case and
// surrounding blanks. The time may have another of the names that are usual for it; what is read under
// another name than the documented one, and what is not read, is said.
import { TslrecError } from '../errors.ts';
import { shown } from '../tables/bad-rows.ts';
import type { CsvTable } from '../tables/csv-table.ts';
import { columnNamed, EVENT_NAMES, RATING_NAMES, timeColumns } from './column-names.ts';
import { listedColumns, notesOnColumns } from './column-notes.ts';
import type { FilterChoices } from './interaction-filter.ts';
import type { InteractionColumns } from './interaction-rows.ts';

export interface Header {
  readonly columns: InteractionColumns;
  /** Sentences, for people. */
  readonly notes: readonly string[];
}

/** As they are documented; the last may be missing. */
const [USER, ITEM, TIME] = ['user_id', 'item_id', 'timestamp'];

/** Throws 'bad-data' where it is no header, or has two columns that may be the time. */
export function readHeader({ name: file, columns, header }: CsvTable, filters: FilterChoices): Header {
  const refuse = (got: string, expected: string): never => {
    throw new TslrecError('bad-data', `${file}:1:1: got ${got}, expected ${expected}.`);
  };
  const [user, item] = [USER, ITEM].map((name) => columns.find((column) => column.toLowerCase() === name));
  if (user === undefined || item === undefined)
    return refuse(
      shown(header),
      `a header with the columns ${USER}, ${ITEM} and, where known, ${TIME}, separated by commas, ` +
        'semicolons or tabs; name them so, or add it as the first line',
    );
  const times = timeColumns(columns);
  if (times.length > 1)
    return refuse(
      `${listedColumns(times)}, each of which may be the time`,
      `one; call the one that is meant ${TIME}`,
    );
  const time = times.at(0);
  const rating = filters.minRating === undefined ? undefined : columnNamed(columns, RATING_NAMES);
  const event = filters.events === undefined ? undefined : columnNamed(columns, EVENT_NAMES);
  const read = { user, item, time, rating, event };
  return { columns: read, notes: notesOn(file, columns, read) };
}

function notesOn(file: string, columns: readonly string[], read: InteractionColumns): string[] {
  const documented = [
    [read.user, USER],
    [read.item, ITEM],
    [read.time, TIME],
  ] as const;
  const notes = documented.flatMap(([column, name]) =>
    column === undefined || column === name ? [] : `${file}: the column ${shown(column)} is read as ${name}.`,
  );
  return [...notes, ...notesOnColumns(file, columns, read, `call that column ${TIME}`)];
}
