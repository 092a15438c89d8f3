// The project's own format: items.jsonl (one item a line) and interactions.csv (a header names the columns).
// Ids lose the blanks around them. Without items.jsonl the catalogue is the ids that the interactions
// mention, in order of appearance.
import { basename } from 'node:path';
import * as z from 'zod';
import { Catalogue, idProblem } from '../interactions/catalogue.ts';
import type { Item } from '../interactions/dataset.ts';
import { type BadRows, shown } from '../tables/bad-rows.ts';
import { forEachLine } from '../tables/lines.ts';
import { readCsvHeader } from './csv-header.ts';
import { readInteractions, type Sequences } from './interaction-rows.ts';

export async function readTslrec(
  files: { items?: string; interactions: string },
  badRows: BadRows,
): Promise<Sequences & { catalogue: Catalogue; notes: readonly string[] }> {
  const catalogue = new Catalogue();
  let notes: readonly string[] = [];
  if (files.items !== undefined) await readItems(files.items, catalogue, badRows);
  const sequences = await readInteractions({
    path: files.interactions,
    layout: (line) => {
      const header = readCsvHeader(basename(files.interactions), line);
      notes = header.notes;
      return header.layout;
    },
    catalogue,
    catalogueIsGiven: files.items !== undefined,
    badRows,
  });
  return { catalogue, notes, ...sequences };
}

// Text that Postgres and UTF-8 can hold. JSON's null and the empty string mean the same as absence.
const text = z
  .string()
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'got U+0000 or half a character');
const attribute = z.union(
  [text, z.number(), z.array(text)],
  'expected a string, a number or a list of strings',
);
const itemLine = z.strictObject({
  item_id: z.union([text.trim(), z.int().transform(String)], 'expected a string'),
  title: text.nullish(),
  description: text.nullish(),
  attributes: z.record(text, attribute.nullable()).nullish(),
});

async function readItems(path: string, catalogue: Catalogue, badRows: BadRows): Promise<void> {
  const file = basename(path);
  await forEachLine(path, (raw, line, isWhole) => {
    const report = (column: number, got: string, expected: string) =>
      badRows.report({ file, line, column, got, expected, raw });
    if (!isWhole)
      return report(raw.indexOf('\uFFFD') + 1, 'bytes that are not UTF-8', 'UTF-8 (save the file so)');

    let value: unknown;
    try {
      value = JSON.parse(raw);
    } catch (error) {
      const position = /at position (\d+)/.exec((error as Error).message)?.[1];
      return report(
        position === undefined ? raw.length : Number(position) + 1,
        shown(raw),
        'one JSON object',
      );
    }
    const parsed = itemLine.safeParse(value);
    if (!parsed.success) {
      const { path: where, message } = parsed.error.issues[0];
      const column = where.length === 0 ? 1 : raw.indexOf(JSON.stringify(where.at(-1))) + 1;
      const name = where.length === 0 ? 'an item' : where.join('.');
      return report(Math.max(1, column), `${name}: ${message}`, EXPECTED_ITEM);
    }
    const item = toItem(parsed.data);
    const column = raw.indexOf('"item_id"') + 1;
    const problem = idProblem(item.itemId);
    if (problem !== undefined) return report(column, problem, "the item's id");
    if (!catalogue.add(item)) report(column, `item_id ${shown(item.itemId)} again`, 'each item once');
  });
  if (catalogue.items.length === 0)
    badRows.refuseEmpty(
      path,
      'no items',
      'one JSON object a line; write them, or remove the file to have items known by their ids alone',
    );
}

const EXPECTED_ITEM =
  'item_id (string) and, where known, title (string), description (string) and attributes (of strings, ' +
  'numbers or lists of strings)';

function toItem({ item_id, title, description, attributes }: z.infer<typeof itemLine>): Item {
  const known = Object.entries(attributes ?? {}).filter(([, value]) => value !== null && value !== '');
  return {
    itemId: item_id,
    ...(title && { title }),
    ...(description && { description }),
    attributes: Object.fromEntries(known) as Item['attributes'],
  };
}
