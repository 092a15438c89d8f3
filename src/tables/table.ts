// Rows of values under names, whatever they stand in: a text file of some form, Parquet, the answer to a
// query. A reader opens a table, looks at its columns, and goes through its rows once.

export interface Table {
  /** For messages: the file's name. */
  readonly name: string;
  /** In order. Rows of JSON may have others: these are what its first rows have. */
  readonly columns: readonly string[];
  /**
   * The values of some columns, row by row. `values` is the same array for every row: take out of it what has
   * to last. A value that a row lacks is undefined.
   */
  rows(columns: readonly string[], onRow: (values: readonly unknown[], row: Row) => void): Promise<void>;
  /** All that a row says, by name. */
  records(onRecord: (record: Readonly<Record<string, unknown>>, row: Row) => void): Promise<void>;
}

/** Where a row stands, for messages. The same object for every row. */
export interface Row {
  readonly file: string;
  /** 1-based, as editors count; of a table that is no text the number of the row. */
  readonly line: number;
  /** As it was written; JSON where it was not written as text. */
  readonly raw: string;
  /** Whether all of its bytes are text; what is none stands in it as U+FFFD. */
  readonly isWhole: boolean;
  /** The 1-based character at which a column's value begins. */
  column(name: string): number;
}
