// RecBole's atomic files: NAME.inter and, where there is one, NAME.item; or, instead of NAME.inter, the parts
// of a benchmark split (NAME.train.inter, NAME.valid.inter, NAME.test.inter), which are read one after the
// other. Tables with tabs, where quotation marks are characters as others are; a name in the header has a
// type:
//   token      text
//   token_seq  words parted by blanks: a list, or the text of a title or description
//   float      a number
//   float_seq  a vector, which says nothing as text: not read
// NAME.user, .kg, .link and .net are not read. Of an item the first record counts. Where interactions have a
// label (clicked or not) and no rating, --min-rating takes it for one.
// Format: https://recbole.io/docs/user_guide/data/atomic_files.html
import { basename } from 'node:path';
import { TslrecError } from '../errors.ts';
import { Catalogue } from '../interactions/catalogue.ts';
import { type BadRows, shown } from '../tables/bad-rows.ts';
import { type CsvTable, openCsvTable } from '../tables/csv-table.ts';
import type { Row } from '../tables/table.ts';
import {
  bareName,
  columnNamed,
  DESCRIPTION_NAMES,
  EVENT_NAMES,
  ITEM_NAMES,
  RATING_NAMES,
  TITLE_NAMES,
  timeColumns,
  USER_NAMES,
} from './column-names.ts';
import { listedColumns, noteOnLacking, noteOnRead, noteOnUnread, notesOnColumns } from './column-notes.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { type InteractionColumns, NO_INTERACTIONS, readInteractions } from './interaction-rows.ts';
import type { Contents, Layout } from './layout.ts';
import { type ItemRecord, readItems, type SaidOfItem } from './read-items.ts';
import { nameOf, oneOrSplit } from './split-parts.ts';

const INTERACTIONS = /^[^.].*\.inter$/;
const ITEMS = /^[^.].*\.item$/;
/** What --min-rating looks at: a rating, or else whether somebody clicked. */
const RATINGS = new Set([...RATING_NAMES, 'label']);
const LABEL_COUNTS =
  'Rows of any label count as interactions; to learn from those with label 1 alone give --min-rating 1.';

export const recBole: Layout = {
  name: 'RecBole atomic files',
  files: 'NAME.inter and, where there is one, NAME.item',
  owns: [INTERACTIONS, ITEMS],
  find: async (folder) => {
    const interactions = oneOrSplit(folder, folder.all(INTERACTIONS), '.inter');
    if (interactions.length === 0) return undefined;
    const items = folder.one(ITEMS);
    const files = {
      interactions: interactions.map((name) => folder.file(name)),
      items: items && folder.file(items),
    };
    const name = nameOf(interactions[0], '.inter', interactions.length > 1);
    const note = `There is no ${name}.item: items are known by their ids, without text.`;
    return {
      read: items === undefined ? interactions : [...interactions, items],
      notes: items === undefined ? [note] : [],
      contents: (filters, badRows) => readRecBole(files, filters, badRows),
    };
  },
};

async function readRecBole(
  files: { readonly interactions: readonly string[]; readonly items: string | undefined },
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const tables: TypedTable[] = [];
  for (const file of files.interactions) tables.push(await openAtomicTable(file, NO_INTERACTIONS, badRows));
  const [first] = tables;
  const columns = interactionColumns(first, filters);
  for (const { table } of tables) refuseOtherColumns(first.table, table);

  const catalogue = new Catalogue();
  const itemNotes =
    files.items === undefined ? [] : await readAtomicItems(files.items, columns, catalogue, badRows);
  const { notes, ...read } = await readInteractions({
    tables: tables.map(({ table }) => table),
    columns,
    filters,
    catalogue,
    unknownItems: 'add',
    badRows,
  });
  const { name } = first.table;
  return {
    catalogue,
    ...read,
    notes: [
      noteOnRead(name, columns),
      ...notesOnColumns(name, first.table.columns, columns, 'call that column timestamp:float'),
      ...(filters.minRating === undefined && named(first.typed, RATINGS)?.name === 'label'
        ? [LABEL_COUNTS]
        : []),
      ...itemNotes,
      ...noteOnLacking('Items', files.items && basename(files.items), read.itemsWithoutText),
      ...notes,
    ],
  };
}

/** A column by the name and the type that its header joins. */
interface TypedColumn {
  readonly column: string;
  readonly name: string;
  readonly type: string;
}

interface TypedTable {
  readonly table: CsvTable;
  readonly typed: readonly TypedColumn[];
}

/** Throws 'bad-data' where there is nothing, of which `empty` tells, or the header has no types. */
async function openAtomicTable(
  path: string,
  empty: readonly [got: string, expected: string],
  badRows: BadRows,
): Promise<TypedTable> {
  const table = await openCsvTable(path, { separator: '\t', quotes: false }, badRows);
  if (table.header === '') badRows.refuseEmpty(path, ...empty);
  const typed = table.columns.map((column) => {
    const [, name, type] = /^(.+):(token|token_seq|float|float_seq)$/.exec(column) ?? [];
    if (name === undefined)
      refuseHeader(
        table,
        shown(column),
        'names with types, parted by tabs, such as user_id:token; write them so, or say which columns are ' +
          'what with --user-column and --item-column',
      );
    return { column, name, type };
  });
  return { table, typed };
}

const refuseHeader = ({ name }: CsvTable, got: string, expected: string): never => {
  throw new TslrecError('bad-data', `${name}:1:1: got ${got}, expected ${expected}.`);
};

function interactionColumns({ table, typed }: TypedTable, filters: FilterChoices): InteractionColumns {
  const sequence = typed.find(
    ({ name, type }) => type.endsWith('_seq') && ITEM_NAMES.has(bareName(name.replace(/_list$/, ''))),
  );
  if (sequence !== undefined)
    refuseHeader(
      table,
      `${sequence.column}, a sequence a row`,
      'one interaction a row; take the file that RecBole makes sequences of, or write each item of a ' +
        'sequence as a row of its own',
    );
  const user = named(typed, USER_NAMES)?.column;
  const item = named(
    typed.filter(({ column }) => column !== user),
    ITEM_NAMES,
  )?.column;
  if (user === undefined || item === undefined)
    return refuseHeader(
      table,
      listedColumns(table.columns),
      'user_id:token and item_id:token among them; name the columns so',
    );
  const times = timeColumns(typed.map(({ name }) => name));
  if (times.length > 1)
    refuseHeader(
      table,
      `${listedColumns(times)}, each of which may be the time`,
      'one; call the one that is meant timestamp:float',
    );
  const { minRating, events } = filters;
  return {
    user,
    item,
    time: typed.find(({ name }) => name === times.at(0))?.column,
    rating: minRating === undefined ? undefined : named(typed, RATINGS)?.column,
    event: events === undefined ? undefined : named(typed, EVENT_NAMES)?.column,
  };
}

function named(typed: readonly TypedColumn[], names: ReadonlySet<string>): TypedColumn | undefined {
  const found = columnNamed(
    typed.map(({ name }) => name),
    names,
  );
  return typed.find(({ name }) => name === found);
}

function refuseOtherColumns(first: CsvTable, other: CsvTable): void {
  if (first.columns.join('\t') !== other.columns.join('\t'))
    refuseHeader(
      other,
      listedColumns(other.columns),
      `the columns of ${first.name}, another part of the same split: ${listedColumns(first.columns)}; ` +
        'write the parts alike',
    );
}

const NO_ITEMS = [
  'no items',
  'one a row; write them, or remove the file to have items known by their ids alone',
] as const;

/** Gives sentences, for people. */
async function readAtomicItems(
  path: string,
  { item }: InteractionColumns,
  catalogue: Catalogue,
  badRows: BadRows,
): Promise<string[]> {
  const { table, typed } = await openAtomicTable(path, NO_ITEMS, badRows);
  const id = table.columns.includes(item) ? item : named(typed, ITEM_NAMES)?.column;
  if (id === undefined)
    return refuseHeader(table, listedColumns(table.columns), `${item} among them; name the item's id so`);
  const title = named(typed, TITLE_NAMES)?.column;
  const description = named(typed, DESCRIPTION_NAMES)?.column;
  const vectors = typed.filter(({ type }) => type === 'float_seq').map(({ column }) => column);
  const attributes = typed.filter(({ column }) => ![id, title, description, ...vectors].includes(column));
  const said = (record: ItemRecord, row: Row): SaidOfItem | undefined => {
    const wrong = attributes.find(({ column, type }) => type === 'float' && !isNumber(record[column]));
    if (wrong !== undefined) {
      const value = shown(String(record[wrong.column]));
      badRows.reportAt(row, wrong.column, `${wrong.column} ${value}`, 'a number, as the header says');
      return undefined;
    }
    return {
      title: title && record[title],
      description: description && record[description],
      attributes: Object.fromEntries(
        attributes.map(({ column, name, type }) => [name, attributeValue(String(record[column]), type)]),
      ),
    };
  };
  const notes = await readItems({
    tables: [table],
    id,
    said,
    catalogue,
    none: [path, ...NO_ITEMS],
    uselessRecords: 'leave-out',
    badRows,
  });
  return [...noteOnUnread(table.name, vectors), ...notes];
}

/** As pandas, which RecBole reads with, has a number that is missing. */
const isMissing = (text: string): boolean => /^(nan)?$/i.test(text.trim());
const isNumber = (value: unknown): boolean => isMissing(String(value)) || Number.isFinite(Number(value));

function attributeValue(text: string, type: string): unknown {
  if (type === 'token_seq') return text.split(' ').filter((word) => word !== '');
  if (type === 'float') return isMissing(text) ? undefined : Number(text);
  return text;
}
