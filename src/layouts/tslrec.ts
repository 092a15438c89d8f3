// The project's own format: items.jsonl (one item a line) and interactions.csv (a header names the columns).
// Without items.jsonl the catalogue is the ids that the interactions mention, in order of appearance.
import * as z from 'zod';
import { Catalogue } from '../interactions/catalogue.ts';
import type { Item } from '../interactions/dataset.ts';
import { BadRows } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import { openJsonTable } from '../tables/json-table.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { NO_INTERACTIONS, readInteractions } from './interaction-rows.ts';
import type { Contents, Layout } from './layout.ts';
import { type ItemOptions, readItems } from './read-items.ts';
import { readHeader } from './tslrec-header.ts';

const INTERACTIONS = /^interactions\.(csv|tsv)$/;
const ITEMS = /^items\.(jsonl|ndjson)$/;

export const tslrec: Layout = {
  name: 'tslrec',
  files: 'items.jsonl and interactions.csv (or interactions.csv alone)',
  owns: [INTERACTIONS, ITEMS],
  find: async (folder) => {
    const [interactions, items] = [folder.one(INTERACTIONS), folder.one(ITEMS)];
    if (interactions === undefined) return undefined;
    const files = { interactions: folder.file(interactions), items: items && folder.file(items) };
    const read = items === undefined ? [interactions] : [interactions, items];
    const note = `There is no items.jsonl: items are known by the ids in ${interactions}, without text.`;
    return {
      read,
      notes: items === undefined ? [note] : [],
      contents: (filters, badRows) => readTslrec(files, filters, badRows),
    };
  },
};

async function readTslrec(
  files: { readonly items: string | undefined; readonly interactions: string },
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const catalogue = new Catalogue();
  if (files.items !== undefined) await readItemLines(files.items, catalogue, badRows);
  const table = await openCsvTable(files.interactions, { expected: ['user_id', 'item_id'] }, badRows);
  if (table.header === '') badRows.refuseEmpty(files.interactions, ...NO_INTERACTIONS);
  const { columns, notes } = readHeader(table, filters);
  const { notes: readNotes, ...read } = await readInteractions({
    tables: [table],
    columns,
    filters,
    catalogue,
    unknownItems: files.items === undefined ? 'add' : 'bad-row',
    badRows,
  });
  return { catalogue, ...read, notes: [...notes, ...readNotes] };
}

const itemLine = z.strictObject({
  item_id: z.unknown(),
  title: z.string().nullish(),
  description: z.string().nullish(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
});

/** Items alone, one a line as in items.jsonl. Throws 'bad-data' at the first bad line. */
export async function readItemFile(file: string): Promise<readonly Item[]> {
  const catalogue = new Catalogue();
  await readItemLines(file, catalogue, new BadRows('stop'));
  return catalogue.items;
}

async function readItemLines(path: string, catalogue: Catalogue, badRows: BadRows): Promise<void> {
  const said: ItemOptions['said'] = (record, row) => {
    const parsed = itemLine.safeParse(record);
    if (parsed.success) return { ...parsed.data, attributes: parsed.data.attributes ?? {} };
    const { path: where, message } = parsed.error.issues[0];
    const name = where.length === 0 ? 'an item' : where.join('.');
    badRows.reportAt(row, String(where.at(-1) ?? ''), `${name}: ${message}`, EXPECTED_ITEM);
    return undefined;
  };
  const table = await openJsonTable(path, badRows);
  await readItems({
    tables: [table],
    id: 'item_id',
    said,
    catalogue,
    none: [
      path,
      'no items',
      'one JSON object a line; write them, or remove the file to have items known by their ids alone',
    ],
    uselessRecords: 'bad-row',
    badRows,
  });
}

const EXPECTED_ITEM =
  'item_id (string) and, where known, title (string), description (string) and attributes (an object)';
