// Who did what, when: rows of any separated-values file -> one sequence a user. The formats differ in how a
// line is cut and where its columns are; what makes a row usable, the order and the duplicates are decided
// here, once.
//   R rows that were kept, in file order; U users.
import { basename } from 'node:path';
import { type Catalogue, idProblem } from '../interactions/catalogue.ts';
import { type BadRows, shown } from '../tables/bad-rows.ts';
import { type Encoding, forEachLine } from '../tables/lines.ts';

/** How one line of a format is read. */
export interface RowLayout {
  /** The names of the columns, in order. */
  readonly columns: readonly string[];
  readonly userId: number;
  readonly itemId: number;
  /** Absent: the order of the file is the order of time. */
  readonly timestamp?: number;
  readonly separator: string;
  /** The fields of a line, or undefined where it cannot be cut. */
  cut(text: string): string[] | undefined;
}

/** The layout, or how it follows from the file's first line where that is a header. */
export type Layout = RowLayout | ((header: string) => RowLayout);

export interface Sequences {
  /** Sorted by id (code units), so that the order of a file's rows does not show in the data set. */
  readonly userIds: string[];
  readonly sequences: Int32Array[];
  /** times[u][i]: when sequences[u][i] was; its line where rows have no timestamp. */
  readonly times: Float64Array[];
  /** Rows that repeat user, item and timestamp of an earlier one. */
  readonly duplicateRows: number;
}

/**
 * Ids lose the blanks around them. Without `catalogueIsGiven`, an item that is not in the catalogue yet is
 * added to it by its id alone.
 */
export async function readInteractions(options: {
  path: string;
  encoding?: Encoding;
  layout: Layout;
  catalogue: Catalogue;
  catalogueIsGiven: boolean;
  badRows: BadRows;
}): Promise<Sequences> {
  const { path, encoding, catalogue, catalogueIsGiven, badRows } = options;
  const file = basename(path);
  const rows = new InteractionRows();
  let layout = typeof options.layout === 'function' ? undefined : options.layout;

  const onLine = (text: string, line: number) => {
    if (layout === undefined) {
      layout = (options.layout as (header: string) => RowLayout)(text);
      return;
    }
    const { columns, userId, itemId, timestamp, separator } = layout;
    const report = (column: number, got: string, expected: string) =>
      badRows.report({ file, line, column, got, expected, raw: text });

    const fields = layout.cut(text);
    if (fields === undefined)
      return report(1, shown(text), 'a row whose quotation marks are closed on its own line');
    if (fields.length !== columns.length)
      return report(1, `${fields.length} ${fields.length === 1 ? 'column' : 'columns'}`, `${columns.length}`);
    const at = (field: number) =>
      fields.slice(0, field).reduce((sum, f) => sum + f.length + separator.length, 1);

    const user = fields[userId].trim();
    const item = fields[itemId].trim();
    const userProblem = rows.hasUser(user) ? undefined : idProblem(user);
    if (userProblem !== undefined) return report(at(userId), userProblem, "the user's id");
    const itemProblem = catalogue.indexOf(item) === undefined ? idProblem(item) : undefined;
    if (itemProblem !== undefined) return report(at(itemId), itemProblem, "the item's id");
    // Without a timestamp the line number is the time: the file's order, and no two rows are duplicates.
    const time = timestamp === undefined ? line : Number(fields[timestamp]);
    if (timestamp !== undefined && !(DECIMAL.test(fields[timestamp]) && Number.isFinite(time)))
      return report(
        at(timestamp),
        `${columns[timestamp]} ${shown(fields[timestamp])}`,
        'a number, such as seconds since 1970',
      );

    if (!catalogueIsGiven) catalogue.add({ itemId: item, attributes: {} });
    const index = catalogue.indexOf(item);
    if (index === undefined)
      return report(at(itemId), `item ${shown(item)}`, 'an item that the catalogue has');
    rows.add(user, index, time);
  };
  await forEachLine(path, onLine, encoding);
  const sequences = rows.toSequences();
  if (sequences.userIds.length === 0)
    badRows.refuseEmpty(
      path,
      'no interactions',
      'some to learn from; give each a row with user, item and, where known, time',
    );
  return sequences;
}

/** As Python and spreadsheets write numbers, 1.5e9 included; not 0x10, which Number would read, too. */
const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

class InteractionRows {
  readonly #userIndexOf = new Map<string, number>();
  /** Columns of length R. */
  readonly #users: number[] = [];
  readonly #items: number[] = [];
  readonly #timestamps: number[] = [];

  hasUser(userId: string): boolean {
    return this.#userIndexOf.has(userId);
  }

  add(userId: string, item: number, timestamp: number): void {
    let user = this.#userIndexOf.get(userId);
    if (user === undefined) {
      user = this.#userIndexOf.size;
      this.#userIndexOf.set(userId, user);
    }
    this.#users.push(user);
    this.#items.push(item);
    this.#timestamps.push(timestamp);
  }

  toSequences(): Sequences {
    const items = this.#items;
    const timestamps = this.#timestamps;
    const rowsOf: number[][] = Array.from(this.#userIndexOf, () => []);
    for (let row = 0; row < items.length; row++) rowsOf[this.#users[row]].push(row);

    const userIds = [...this.#userIndexOf.keys()].sort();
    let duplicateRows = 0;
    const times: Float64Array[] = [];
    const sequences = userIds.map((userId) => {
      // The sort is stable, so that rows of the same time keep the file's order.
      const rows = rowsOf[this.#userIndexOf.get(userId)!].sort((a, b) => timestamps[a] - timestamps[b]);
      const atThisTime = new Set<number>();
      const kept = rows.filter((row, position) => {
        if (position > 0 && timestamps[rows[position - 1]] !== timestamps[row]) atThisTime.clear();
        if (atThisTime.has(items[row])) return false;
        atThisTime.add(items[row]);
        return true;
      });
      duplicateRows += rows.length - kept.length;
      times.push(Float64Array.from(kept, (row) => timestamps[row]));
      return Int32Array.from(kept, (row) => items[row]);
    });
    return { userIds, sequences, times, duplicateRows };
  }
}
