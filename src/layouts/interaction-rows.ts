// Who did what, when: rows of one or several tables -> one sequence a user. Layouts differ in which columns
// say it; what makes a row usable, the order and the duplicates are decided here, once.
//   R rows that were kept, in file order; U users.
import type { Catalogue } from '../interactions/catalogue.ts';
import { type BadRows, shown } from '../tables/bad-rows.ts';
import type { Table } from '../tables/table.ts';
import { copied, idOf, problemOf } from './ids.ts';
import { type FilterChoices, type FilterColumns, InteractionFilter } from './interaction-filter.ts';
import { TimeColumn } from './times.ts';

export interface Sequences {
  /** Sorted by id (code units), so that the order of a file's rows does not show in the data set. */
  readonly userIds: string[];
  readonly sequences: Int32Array[];
  /** times[u][i]: when sequences[u][i] was (times.ts); the number of its row where rows have no time. */
  readonly times: Float64Array[];
  /** Rows that repeat user, item and time of an earlier one. */
  readonly duplicateRows: number;
}

export interface ReadInteractions extends Sequences {
  /** Whether rows have a time; else their order stands for it. */
  readonly timed: boolean;
  /** Rows that a filter has left out. */
  readonly filteredRows: number;
  /** Items that only the interactions know. */
  readonly itemsWithoutText: number;
  /** Sentences, for people. */
  readonly notes: readonly string[];
}

/** Which columns say what. */
export interface InteractionColumns extends FilterColumns {
  readonly user: string;
  readonly item: string;
  /** Absent: the order of the rows is the order in time. */
  readonly time: string | undefined;
}

export interface InteractionOptions {
  /** All with the same columns, one after the other. */
  readonly tables: readonly Pick<Table, 'name' | 'rows'>[];
  readonly columns: InteractionColumns;
  readonly filters: FilterChoices;
  readonly catalogue: Catalogue;
  /** What of an item that the catalogue does not have: its row is bad, or it is added by its id alone. */
  readonly unknownItems: 'bad-row' | 'add';
  readonly badRows: BadRows;
}

/** What is got and what is expected of a file without rows. */
export const NO_INTERACTIONS = [
  'no interactions',
  'some to learn from; give each a row with user, item and, where known, time',
] as const;

/** Ids lose the blanks around them. */
export async function readInteractions(options: InteractionOptions): Promise<ReadInteractions> {
  const { tables, columns, catalogue, badRows } = options;
  const [{ name }] = tables;
  const filter = new InteractionFilter(name, options.filters, columns);
  const known = catalogue.items.length;
  const rows = new InteractionRows();
  const time = columns.time === undefined ? undefined : new TimeColumn(columns.time);
  const wanted = [columns.user, columns.item, columns.time, ...filter.columns];
  /** Of the tables before this one. */
  let rowsBefore = 0;

  for (const table of tables) {
    let last = 0;
    await table.rows(
      wanted.map((column) => column ?? ''),
      ([userValue, itemValue, when, rating, event], row) => {
        last = row.line;
        const [userId, itemId] = [idOf(userValue), idOf(itemValue)];
        const user = rows.userOf(userId);
        const userProblem = user === undefined ? problemOf(userValue) : undefined;
        if (userProblem !== undefined)
          return badRows.reportAt(row, columns.user, userProblem, "the user's id");
        const item = catalogue.indexOf(itemId);
        const itemProblem = item === undefined ? problemOf(itemValue) : undefined;
        if (itemProblem !== undefined)
          return badRows.reportAt(row, columns.item, itemProblem, "the item's id");
        const seconds = time === undefined ? rowsBefore + row.line : time.seconds(when);
        if (Number.isNaN(seconds)) return badRows.reportAt(row, time!.name, ...time!.problem(when));
        if (!filter.isInteraction(rating, event, row, badRows)) return;
        if (item === undefined && options.unknownItems === 'bad-row')
          return badRows.reportAt(
            row,
            columns.item,
            `item ${shown(itemId)}`,
            'an item that the catalogue has',
          );
        rows.add(user ?? rows.addUser(userId), item ?? catalogue.addById(copied(itemId)), seconds);
      },
    );
    rowsBefore += last;
  }
  filter.check(name);
  return {
    ...rows.toSequences(),
    timed: time !== undefined,
    filteredRows: filter.leftOut,
    itemsWithoutText: catalogue.items.length - known,
    notes: time?.note(name) ?? [],
  };
}

/** Numbers in memory of their own, which grows as they are added. */
class Column<Numbers extends Int32Array | Float64Array> {
  #values: Numbers;
  readonly #create: (length: number) => Numbers;
  length = 0;

  constructor(create: (length: number) => Numbers) {
    this.#create = create;
    this.#values = create(1024);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = this.#create(2 * this.length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  values(): Numbers {
    return this.#values.subarray(0, this.length) as Numbers;
  }
}

const integers = () => new Column((length) => new Int32Array(length));

/** So many numbers are looked through faster than a set is kept of them. */
const FEW = 64;

class InteractionRows {
  readonly #userOf = new Map<string, number>();
  /** Columns of length R. */
  readonly #users = integers();
  readonly #items = integers();
  readonly #times = new Column((length) => new Float64Array(length));

  userOf(userId: string): number | undefined {
    return this.#userOf.get(userId);
  }

  addUser(userId: string): number {
    const user = this.#userOf.size;
    this.#userOf.set(copied(userId), user);
    return user;
  }

  add(user: number, item: number, time: number): void {
    this.#users.push(user);
    this.#items.push(item);
    this.#times.push(time);
  }

  toSequences(): Sequences {
    const [users, items, times] = [this.#users.values(), this.#items.values(), this.#times.values()];
    const userIds = [...this.#userOf.keys()].sort();
    const { starts, rows } = rowsByUser(users, userIds.length);
    let duplicateRows = 0;
    const [kept, keptTimes] = [new Int32Array(rows.length), new Float64Array(rows.length)];
    let end = 0;
    const timesOf: Float64Array[] = [];
    const sequences = userIds.map((userId) => {
      const user = this.#userOf.get(userId)!;
      const ofUser = rows.subarray(starts[user], starts[user + 1]);
      // Rows of the same time stay as the file has them.
      if (!isSorted(ofUser, times)) ofUser.sort((a, b) => times[a] - times[b] || a - b);
      const start = end;
      /** Where those of the same time begin. */
      let sameTime = start;
      const met = ofUser.length > FEW ? new Set<number>() : undefined;
      for (const row of ofUser) {
        const item = items[row];
        if (end > sameTime && keptTimes[end - 1] !== times[row]) {
          sameTime = end;
          met?.clear();
        }
        if (met ? met.has(item) : kept.subarray(sameTime, end).includes(item)) {
          duplicateRows++;
          continue;
        }
        met?.add(item);
        [kept[end], keptTimes[end]] = [item, times[row]];
        end++;
      }
      timesOf.push(keptTimes.subarray(start, end));
      return kept.subarray(start, end);
    });
    return { userIds, sequences, times: timesOf, duplicateRows };
  }
}

/** The rows of user u, in file order, are rows[starts[u]] up to rows[starts[u + 1]]. */
function rowsByUser(users: Int32Array, U: number): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(U + 1);
  for (const user of users) starts[user + 1]++;
  for (let user = 0; user < U; user++) starts[user + 1] += starts[user];
  const next = starts.slice(0, U);
  const rows = new Int32Array(users.length);
  for (const [row, user] of users.entries()) rows[next[user]++] = row;
  return { starts, rows };
}

function isSorted(rows: Int32Array, times: Float64Array): boolean {
  for (let i = 1; i < rows.length; i++) if (times[rows[i - 1]] > times[rows[i]]) return false;
  return true;
}
