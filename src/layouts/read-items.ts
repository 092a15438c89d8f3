// Tables that describe items -> the catalogue. Layouts differ in what of a record is the id, the title, the
// description and the attributes; what makes an item usable is decided here, once.
import type { Catalogue } from '../interactions/catalogue.ts';
import type { Item } from '../interactions/dataset.ts';
import { type BadRows, shown } from '../tables/bad-rows.ts';
import type { Row, Table } from '../tables/table.ts';
import { attributesOf, isNested, textOf } from './attributes.ts';
import { idOf, problemOf } from './ids.ts';

export type ItemRecord = Readonly<Record<string, unknown>>;

/** What a record says, as its file has it. */
export interface SaidOfItem {
  readonly title?: unknown;
  readonly description?: unknown;
  readonly attributes?: ItemRecord;
}

export interface ItemOptions {
  readonly tables: readonly Table[];
  /** The column of the id. */
  readonly id: string;
  /** Undefined where the record is bad, which has been reported then. */
  said(record: ItemRecord, row: Row): SaidOfItem | undefined;
  readonly catalogue: Catalogue;
  /**
   * What of a record without an id, or of an item that was there before: a bad row, or left out and told, as
   * in a layout that is known to have such records.
   */
  readonly uselessRecords: 'bad-row' | 'leave-out';
  /** What is told where no item is left. */
  readonly none: Parameters<BadRows['refuseEmpty']>;
  readonly badRows: BadRows;
}

/**
 * Gives sentences, for people. Throws 'bad-data' where no item is left. Ids lose the blanks around them; the
 * first record of an item counts.
 */
export async function readItems(options: ItemOptions): Promise<string[]> {
  const { tables, id, said, catalogue, uselessRecords, badRows } = options;
  const leftOut = { 'without an id': 0, 'of an item that an earlier one is of': 0 };
  const leaveOut = uselessRecords === 'leave-out';
  for (const table of tables) {
    await table.records((record, row) => {
      if (!row.isWhole)
        return badRows.report({
          ...place(row, row.raw.indexOf('\uFFFD') + 1),
          got: 'bytes that are not UTF-8',
          expected: 'UTF-8 (save the file so)',
        });
      const itemId = idOf(record[id]);
      const problem = problemOf(record[id]);
      if (problem !== undefined && itemId === '' && leaveOut) {
        leftOut['without an id']++;
        return;
      }
      if (problem !== undefined) return badRows.reportAt(row, id, problem, "the item's id");
      const isKnown = catalogue.indexOf(itemId) !== undefined;
      if (isKnown && leaveOut) {
        leftOut['of an item that an earlier one is of']++;
        return;
      }
      const found = said(record, row);
      if (found === undefined) return;
      if (isNested(found, DEEPEST))
        return badRows.report({
          ...place(row, 1),
          got: `values within values, more than ${DEEPEST} deep`,
          expected: 'fewer',
        });
      const item = itemOf(itemId, found);
      const unusable = unusableValue(item);
      if (unusable !== undefined) return badRows.report({ ...place(row, 1), ...unusable });
      if (isKnown) return badRows.reportAt(row, id, `item ${shown(itemId)} again`, 'each item once');
      catalogue.add(item);
    });
  }
  if (catalogue.items.length === 0) badRows.refuseEmpty(...options.none);
  return Object.entries(leftOut).flatMap(([what, count]) =>
    count === 0 ? [] : [`${tables[0].name}: ${count} records ${what} are left out.`],
  );
}

const DEEPEST = 20;

const place = ({ file, line, raw }: Row, column: number) => ({ file, line, raw, column });

function itemOf(itemId: string, { title, description, attributes }: SaidOfItem): Item {
  const [titleText, descriptionText] = [textOf(title), textOf(description)];
  return {
    itemId,
    ...(titleText && { title: titleText }),
    ...(descriptionText && { description: descriptionText }),
    attributes: attributesOf(attributes ?? {}),
  };
}

/** What Postgres, UTF-8 or JSON cannot hold. */
function unusableValue({ title, description, attributes }: Item) {
  const values = [title ?? '', description ?? '', ...Object.entries(attributes).flat(2)];
  if (values.some((value) => typeof value === 'string' && !isUsableText(value)))
    return { got: 'U+0000 or half a character', expected: 'text of whole characters' };
  if (values.includes(Number.POSITIVE_INFINITY) || values.includes(Number.NEGATIVE_INFINITY))
    return { got: 'a number that a double cannot hold', expected: 'smaller ones' };
  return undefined;
}

const isUsableText = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
