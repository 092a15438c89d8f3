// What is said of tables whose columns nobody has named: what they have, and the options that would fit.
import { columnNamed, ITEM_NAMES, TIME_NAMES, timeColumns, USER_NAMES } from './column-names.ts';
import { listedColumns } from './column-notes.ts';
import { listed } from './folder.ts';
import { MAPPING_OPTIONS } from './mapping.ts';

export interface NamedColumns {
  readonly name: string;
  readonly columns: readonly string[];
}

export const described = (tables: readonly NamedColumns[]): string =>
  apart(tables)
    .map(({ names, columns }) => `${listed(names)} (${listedColumns(columns)})`)
    .join(', ') || 'no file that can be read as a table';

/** Tables with the same columns are parts of one. */
function apart(tables: readonly NamedColumns[]) {
  const parts = new Map<string, { names: string[]; columns: readonly string[] }>();
  for (const { name, columns } of tables) {
    const key = JSON.stringify(columns);
    const known = parts.get(key);
    if (known) known.names.push(name);
    else parts.set(key, { names: [name], columns });
  }
  return [...parts.values()];
}

/** The options that fit the tables, ready to be pasted; words in capitals are to be filled in. */
export function suggestion(tables: readonly NamedColumns[]): string {
  const whole = apart(tables);
  const best = whole.toSorted((a, b) => usualNames(b.columns) - usualNames(a.columns)).at(0)?.columns ?? [];
  const user = columnNamed(best, USER_NAMES);
  const item = columnNamed(
    best.filter((column) => column !== user),
    ITEM_NAMES,
  );
  const items = whole.find(
    ({ columns }) =>
      columns !== best &&
      columnNamed(columns, ITEM_NAMES) !== undefined &&
      columnNamed(columns, USER_NAMES) === undefined,
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
