// What the editions of Amazon's reviews have in common: a table of reviews or ratings, and lines that
// describe items. Any rating counts as an interaction. Of the metadata are read: title, description and the
// attributes that an edition names, as plain text (html.ts), and a price where it is one. Links, images,
// ranks, averages of ratings and what was also bought are not: they say nothing of the item, or what became
// of it later. Details are not, either: weights, codes and ranks, among little that is not said elsewhere.
//   Some records have no id, some are there twice; both are left out and counted.
import { basename } from 'node:path';
import { Catalogue } from '../interactions/catalogue.ts';
import type { BadRows } from '../tables/bad-rows.ts';
import { parseJson } from '../tables/json-table.ts';
import { openDictTable } from '../tables/python-dict.ts';
import type { Table } from '../tables/table.ts';
import { noteOnLacking, noteOnUnread, notesOnColumns } from './column-notes.ts';
import { plainText } from './html.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { type InteractionColumns, readInteractions } from './interaction-rows.ts';
import type { Contents } from './layout.ts';
import { type ItemRecord, readItems, type SaidOfItem } from './read-items.ts';

export interface Metadata {
  readonly path: string;
  /** The key of the id. */
  readonly id: string;
  /** By name the keys that have an attribute, of which a record has one. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** Whether a line is a JSON object that has these keys. */
export function hasKeys(line: string, keys: readonly string[]): boolean {
  const parsed = parseJson(line);
  return 'record' in parsed && keys.every((key) => key in parsed.record);
}

export interface AmazonData {
  readonly reviews: readonly Table[];
  readonly columns: InteractionColumns;
  readonly metadata: Metadata | undefined;
}

export async function readAmazon(
  { reviews, columns, metadata }: AmazonData,
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const [{ name, columns: found }] = reviews;
  const catalogue = new Catalogue();
  const itemNotes = metadata === undefined ? [] : await readMetadata(metadata, catalogue, badRows);
  const { notes, ...read } = await readInteractions({
    tables: reviews,
    columns,
    filters,
    catalogue,
    unknownItems: 'add',
    badRows,
  });
  return {
    catalogue,
    ...read,
    notes: [
      ...notesOnColumns(name, found, columns, 'name it'),
      ...(filters.minRating === undefined ? [ANY_RATING] : []),
      ...itemNotes,
      ...noteOnLacking('Items', metadata && basename(metadata.path), read.itemsWithoutText),
      ...notes,
    ],
  };
}

const ANY_RATING =
  'Ratings of 1 and 2 count as interactions, too; to learn from 4 and 5 alone give --min-rating 4.';

/** Gives sentences, for people. */
async function readMetadata(
  { path, id, attributes }: Metadata,
  catalogue: Catalogue,
  badRows: BadRows,
): Promise<string[]> {
  const said = (record: ItemRecord): SaidOfItem => ({
    title: plainText(record.title),
    description: plainText(record.description),
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, keys]) => {
        const value = plainText(keys.map((key) => record[key]).find((given) => given !== undefined));
        return [name, name === 'price' && !isPrice(value) ? undefined : value];
      }),
    ),
  });
  const table = await openDictTable(path, badRows);
  const notes = await readItems({
    tables: [table],
    id,
    said,
    catalogue,
    none: [
      path,
      'no items',
      `one a line, each with ${id}; download the file again, or remove it to have items known by their ` +
        'ids alone',
    ],
    uselessRecords: 'leave-out',
    badRows,
  });
  const known = [id, 'title', 'description', ...Object.values(attributes).flat()];
  const others = table.columns.filter((key) => !known.includes(key));
  return [...noteOnUnread(table.name, others), ...notes];
}

/** 19.99, or text such as $19.99 and $19.99 - $24.99; pages have styles in its place, too. */
const isPrice = (value: unknown): boolean =>
  typeof value === 'number' || /^(from )?\$?\d[\d,.]*( - \$?\d[\d,.]*)?$/.test(String(value));
