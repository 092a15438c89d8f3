// What is said of tables whose columns nobody has named: what they have, and the options that would fit.
import { columnNamed, ITEM_NAMES, TIME_NAMES, timeColumns, USER_NAMES } from './column-names.ts';
import { listedColumns } from './column-notes.ts';
import { MAPPING_OPTIONS } from './mapping.ts';

export interface NamedColumns {
  readonly name: string;
  readonly columns: readonly string[];
}

export const described = (tables: readonly NamedColumns[]): string =>
  tables.map(({ name, columns }) => `${name} (${listedColumns(columns)})`).join(', ') ||
  'no file that can be read as a table';

/** The options that fit the tables, ready to be pasted; words in capitals are to be filled in. */
export function suggestion(tables: readonly NamedColumns[]): string {
  const best = tables.toSorted((a, b) => usualNames(b.columns) - usualNames(a.columns)).at(0)?.columns ?? [];
  const user = columnNamed(best, USER_NAMES);
  const item = columnNamed(
    best.filter((column) => column !== user),
    ITEM_NAMES,
  );
  const items = tables.find(
    ({ columns }) => columns !== best && columnNamed(columns, ITEM_NAMES) !== undefined,
  );
  const itemId = items && columnNamed(items.columns, ITEM_NAMES);
  const [time] = timeColumns(best);
  const texts = (items?.columns ?? []).filter((column) => column !== itemId);
  const itemNames = [...new Set([item ?? 'COLUMN', ...(itemId === undefined ? [] : [itemId])])];
  const options = [
    [MAPPING_OPTIONS.userColumn, user ?? 'COLUMN'],
    [MAPPING_OPTIONS.itemColumn, itemNames.join(',')],
    ...(time === undefined ? [] : [[MAPPING_OPTIONS.timeColumn, time]]),
    ...(texts.length === 0 ? [] : [[MAPPING_OPTIONS.textColumns, texts.slice(0, MOST_TEXTS).join(',')]]),
  ];
  const said = options.map(([option, value]) => `${option} ${quoted(value)}`);
  return `say which columns are what, as in ${said.join(' ')}`;
}

const MOST_TEXTS = 8;

const usualNames = (columns: readonly string[]): number =>
  [USER_NAMES, ITEM_NAMES, TIME_NAMES].filter((known) => columnNamed(columns, known) !== undefined).length;

/** As a shell takes it for one word. */
const quoted = (text: string): string =>
  /^[\w.,:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
