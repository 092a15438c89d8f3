// Tables of any names and columns, where somebody says which columns say what (mapping.ts).
//   The tables with the columns of user and item are the interactions; with the same columns they are parts
//   of one, in the order of their names. A table with the item alone says what items are; where none does,
//   but the interactions have text columns, their first row of an item says it.
import { TslrecError } from '../errors.ts';
import { Catalogue } from '../interactions/catalogue.ts';
import { BadRows, shown } from '../tables/bad-rows.ts';
import { openTable } from '../tables/open-table.ts';
import type { Table } from '../tables/table.ts';
import { UnreadableTable } from '../tables/unreadable-table.ts';
import {
  columnNamed,
  DESCRIPTION_NAMES,
  EVENT_NAMES,
  RATING_NAMES,
  TITLE_NAMES,
  timeColumns,
} from './column-names.ts';
import { listedColumns, noteOnLacking, notesOnColumns } from './column-notes.ts';
import { type Folder, listed, plainName } from './folder.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { type InteractionColumns, readInteractions } from './interaction-rows.ts';
import type { Contents, Found } from './layout.ts';
import { MAPPING_OPTIONS, type Mapping } from './mapping.ts';
import { type ItemRecord, readItems, type SaidOfItem } from './read-items.ts';
import { described, type NamedColumns, suggestion } from './suggestion.ts';

/** Throws 'bad-data' where the tables lack what the mapping names, or more than one may be meant. */
export async function findMapped(folder: Folder, names: readonly string[], mapping: Mapping): Promise<Found> {
  const tables = await columnsOf(folder, names);
  const { userColumn, itemColumn } = mapping;
  if (userColumn === undefined || itemColumn === undefined)
    return folder.refuse(
      userColumn === undefined ? 'no --user-column' : 'no --item-column',
      `both, because columns are named: ${suggestion(tables)}`,
    );
  const used = [userColumn, ...itemColumn, mapping.timeColumn, mapping.ratingColumn, mapping.eventColumn];
  const noText = mapping.textColumns?.find((column) => used.includes(column));
  if (noText !== undefined)
    return folder.refuse(
      `${MAPPING_OPTIONS.textColumns} ${JSON.stringify(noText)}, which is named as something else`,
      'columns that say what an item is; leave it out',
    );
  const { interactions, items } = chooseTables(folder, tables, mapping);
  const files = (chosen: readonly NamedColumns[]) => chosen.map(({ name }) => folder.file(name));
  return {
    read: [...interactions, ...items].map(({ name }) => name),
    contents: async (filters, badRows) => {
      const open = (paths: readonly string[]) => Promise.all(paths.map((path) => openTable(path, badRows)));
      return readMapped(
        { interactions: await open(files(interactions)), items: await open(files(items)) },
        mapping,
        filters,
        badRows,
      );
    },
  };
}

/** The same of tables that are open already, such as the answers to queries. */
export async function readMapped(
  tables: { readonly interactions: readonly Table[]; readonly items: readonly Table[] },
  mapping: Mapping,
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const [{ name, columns: found }] = tables.interactions;
  const columns = interactionColumns(name, found, mapping, filters);
  const catalogue = new Catalogue();
  const { items, interactions } = tables;
  /** The interactions themselves say what items are. */
  const areDescribed = items.length === 0 && mapping.textColumns !== undefined;
  const describing = areDescribed ? interactions : items;
  const leftOut =
    describing.length === 0
      ? []
      : await readDescriptions(describing, mapping, catalogue, areDescribed ? new BadRows('skip') : badRows);
  const { notes: readNotes, ...read } = await readInteractions({
    tables: interactions,
    columns,
    filters,
    catalogue,
    unknownItems: 'add',
    badRows,
  });
  const others = areDescribed ? found.filter((column) => !mapping.textColumns!.includes(column)) : found;
  const files = items.length === 0 ? undefined : listed(items.map((table) => table.name));
  return {
    catalogue,
    ...read,
    notes: [
      ...notesOnFound(name, others, columns, mapping),
      ...(areDescribed ? [] : leftOut), // of interactions every row but an item's first
      ...noteOnLacking('Items', files, read.itemsWithoutText),
      ...readNotes,
    ],
  };
}

/** Gives sentences, for people. What of interactions is a bad row is told when they are read as such. */
function readDescriptions(
  tables: readonly Table[],
  mapping: Mapping,
  catalogue: Catalogue,
  badRows: BadRows,
): Promise<string[]> {
  const [first] = tables;
  const id = requiredItemColumn(first, mapping);
  return readItems({
    tables,
    id,
    said: (record) => saidOf(record, id, mapping.textColumns),
    catalogue,
    none: [first.name, 'no items', `rows with an id in ${id}`],
    uselessRecords: 'leave-out',
    badRows,
  });
}

/** What is meant as a table: a part that is damaged is not passed over. A .json may be anything. */
const TABLE_BY_NAME = /\.(csv|tsv|jsonl|ndjson|parquet|inter|item)$/;

/** Of the files that have more columns than one. Throws 'bad-data' where one is damaged: it may be a part. */
async function columnsOf(folder: Folder, names: readonly string[]): Promise<NamedColumns[]> {
  const opened = await Promise.all(
    names.map(async (name) => {
      try {
        return await openTable(folder.file(name), new BadRows('stop'));
      } catch (error) {
        if (error instanceof UnreadableTable || TABLE_BY_NAME.test(plainName(name))) throw error;
        return undefined; // it is told among the files that are not read
      }
    }),
  );
  return opened.filter((table) => table !== undefined).filter(({ columns }) => columns.length > 1);
}

/** Of the files that can be read, to say what is in a folder. */
export async function readableColumns(folder: Folder, names: readonly string[]): Promise<NamedColumns[]> {
  const read = await Promise.allSettled(names.map((name) => columnsOf(folder, [name])));
  return read.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}

function chooseTables(folder: Folder, tables: readonly NamedColumns[], mapping: Mapping) {
  const { userColumn, itemColumn, textColumns } = mapping;
  const withItem = tables.filter(({ columns }) => itemColumnOf(columns, mapping) !== undefined);
  const named = [userColumn, mapping.timeColumn, mapping.ratingColumn, mapping.eventColumn].filter(
    (column) => column !== undefined,
  );
  const interactions = withItem.filter(({ columns }) => named.every((column) => columns.includes(column)));
  if (interactions.length === 0)
    return folder.refuse(
      `no table with the columns ${listedColumns([...named, ...itemColumn!])}: ${described(tables)}`,
      `one; ${suggestion(tables)}`,
    );
  refuseDifferent(folder, interactions, 'have the columns of user and item', 'keep those that are meant');
  const items = withItem.filter(
    ({ columns }) =>
      !columns.includes(userColumn!) &&
      (textColumns === undefined || textColumns.some((column) => columns.includes(column))),
  );
  refuseDifferent(
    folder,
    items,
    'say something of items',
    `name the columns of one with ${MAPPING_OPTIONS.textColumns}, or keep those that are meant`,
  );
  const known = [...items, ...interactions].flatMap(({ columns }) => columns);
  const unknown = textColumns?.find((column) => !known.includes(column));
  if (unknown !== undefined)
    return folder.refuse(
      `${MAPPING_OPTIONS.textColumns} ${JSON.stringify(unknown)}, which no table with the item has: ` +
        described(tables),
      `columns of a table that has the item; where it is called otherwise there, give both names, as in ` +
        `${MAPPING_OPTIONS.itemColumn} ${itemColumn!.join(',')},id`,
    );
  return { interactions, items };
}

/** Several tables are parts of one. */
function refuseDifferent(folder: Folder, tables: readonly NamedColumns[], what: string, todo: string): void {
  const [first, ...others] = tables;
  const other = others.find(({ columns }) => columns.join('\n') !== first.columns.join('\n'));
  if (other !== undefined)
    folder.refuse(
      `both ${first.name} and ${other.name}, which ${what}`,
      `one, or parts with the same columns; ${todo}`,
    );
}

const itemColumnOf = (columns: readonly string[], { itemColumn }: Mapping): string | undefined =>
  itemColumn!.find((column) => columns.includes(column));

function requiredItemColumn(table: NamedColumns, mapping: Mapping): string {
  const found = itemColumnOf(table.columns, mapping);
  if (found === undefined) throw lacks(table, mapping.itemColumn!.join(' or '), MAPPING_OPTIONS.itemColumn);
  return found;
}

const lacks = ({ name, columns }: NamedColumns, column: string, option: string): TslrecError =>
  new TslrecError(
    'bad-data',
    `${name}: got the columns ${listedColumns(columns)}, expected ${column} among them; name another with ` +
      `${option}.`,
  );

function interactionColumns(
  file: string,
  columns: readonly string[],
  mapping: Mapping,
  filters: FilterChoices,
): InteractionColumns {
  const given = (key: 'userColumn' | 'timeColumn' | 'ratingColumn' | 'eventColumn') => {
    const column = mapping[key];
    if (column === undefined || columns.includes(column)) return column;
    throw lacks({ name: file, columns }, column, MAPPING_OPTIONS[key]);
  };
  const times = timeColumns(columns);
  if (mapping.timeColumn === undefined && times.length > 1)
    throw new TslrecError(
      'bad-data',
      `${file}: got ${listedColumns(times)}, each of which may be the time, expected one; name it with ` +
        `${MAPPING_OPTIONS.timeColumn}.`,
    );
  const { minRating, events } = filters;
  return {
    user: given('userColumn')!,
    item: requiredItemColumn({ name: file, columns }, mapping),
    time: given('timeColumn') ?? times.at(0),
    rating:
      given('ratingColumn') ?? (minRating === undefined ? undefined : columnNamed(columns, RATING_NAMES)),
    event: given('eventColumn') ?? (events === undefined ? undefined : columnNamed(columns, EVENT_NAMES)),
  };
}

/** What was found without being named. */
function notesOnFound(file: string, columns: readonly string[], read: InteractionColumns, mapping: Mapping) {
  const found = [
    [read.time, mapping.timeColumn, 'time'],
    [read.rating, mapping.ratingColumn, 'rating'],
    [read.event, mapping.eventColumn, 'event'],
  ] as const;
  return [
    ...found.flatMap(([column, given, what]) =>
      column === undefined || given !== undefined
        ? []
        : `${file}: the column ${shown(column)} is read as the ${what}.`,
    ),
    ...notesOnColumns(file, columns, read, `name it with ${MAPPING_OPTIONS.timeColumn}`),
  ];
}

function saidOf(record: ItemRecord, id: string, textColumns: readonly string[] | undefined): SaidOfItem {
  const columns = (textColumns ?? Object.keys(record)).filter((column) => column !== id && column in record);
  const [title, description] = [TITLE_NAMES, DESCRIPTION_NAMES].map((known) => columnNamed(columns, known));
  const attributes = columns.filter((column) => column !== title && column !== description);
  return {
    ...(title !== undefined && { title: record[title] }),
    ...(description !== undefined && { description: record[description] }),
    attributes: Object.fromEntries(attributes.map((column) => [column, record[column]])),
  };
}
