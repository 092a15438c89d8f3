// What happens to a row that cannot be used. A reader reports it here and goes on to the next row; whether
// that is the end of the reading or a line in a file of skipped rows is the caller's choice, and no row is
// lost silently.
import { TslrecError } from '../errors.ts';
import { type AtomicFile, openAtomicFile } from '../files.ts';
import type { Row } from './table.ts';

/**
 * 'stop': the first bad row ends the reading with an error. 'skip': bad rows are counted and, where asked,
 * written down.
 */
export type OnBadRow = 'stop' | 'skip';

export interface BadRow {
  readonly file: string;
  /** 1-based, as editors count. */
  readonly line: number;
  readonly column: number;
  readonly got: string;
  readonly expected: string;
  /** The row as it was written. */
  readonly raw: string;
}

const SHOWN_CHARACTERS = 80;
const LONGEST_GOT = 3 * SHOWN_CHARACTERS;

export class BadRows {
  skipped = 0;
  readonly #onBadRow: OnBadRow;
  readonly #file: AtomicFile | undefined;

  /**
   * `skippedRowsFile` receives one JSON object a skipped row; it appears when reading is complete, empty if
   * nothing was skipped.
   */
  constructor(onBadRow: OnBadRow, skippedRowsFile?: string) {
    this.#onBadRow = onBadRow;
    if (onBadRow === 'skip' && skippedRowsFile !== undefined) this.#file = openAtomicFile(skippedRowsFile);
  }

  report({ file, line, column, got, expected, raw }: BadRow): void {
    const reason = `got ${onOneLine(got)}, expected ${expected}`;
    if (this.#onBadRow === 'stop')
      throw new TslrecError(
        'bad-data',
        `${file}:${line}:${column}: ${reason}; correct the row, or leave such rows out with ` +
          `\`--on-bad-row=skip\``,
      );
    this.skipped++;
    this.#file?.write(`${JSON.stringify({ file, line, column, reason, raw })}\n`);
  }

  /** The value of a column is wrong. */
  reportAt(row: Row, column: string, got: string, expected: string): void {
    const { file, line, raw } = row;
    this.report({ file, line, column: row.column(column), got, expected, raw });
  }

  /** Throws 'bad-data': a file has left nothing to use. */
  refuseEmpty(path: string, got: string, expected: string): never {
    const because = this.skipped === 0 ? '' : ` (bad rows skipped: ${this.skipped})`;
    throw new TslrecError('bad-data', `${path} has ${got}${because}, expected ${expected}.`);
  }

  commit(): void {
    this.#file?.commit();
  }

  discard(): void {
    this.#file?.discard();
  }
}

/** What a library says of a row may have names in it as they were written. */
function onOneLine(text: string): string {
  const told = text.length > LONGEST_GOT ? `${text.slice(0, LONGEST_GOT)}...` : text;
  return told.replace(/\p{Cc}+/gu, ' ');
}

/** A value as it stands in a message: quoted, and cut where it is long. */
export function shown(value: string): string {
  return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}...` : value);
}
