// Where a row stands in a table that is no text: by its number, and what it says as JSON.
import type { Row } from './table.ts';

export class ValuesRow implements Row {
  line = 0;
  isWhole = true;
  readonly file: string;
  /** Of the columns, in their order. */
  readonly values: unknown[];
  readonly #columns: readonly string[];

  constructor(file: string, columns: readonly string[]) {
    this.file = file;
    this.#columns = columns;
    this.values = columns.map(() => undefined);
  }

  get raw(): string {
    const said = this.#columns.map((name, i) => [name, this.values[i]]);
    return JSON.stringify(Object.fromEntries(said), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  }

  /** There are no characters to count. */
  column(): number {
    return 1;
  }
}
