// Which rows count as interactions: a rating of 1 is no liking, and a view may be no purchase. What is left
// out is counted.
import { TslrecError } from '../errors.ts';
import { type BadRows, shown } from '../tables/bad-rows.ts';
import type { Row } from '../tables/table.ts';

export interface FilterChoices {
  /** Rows with a lower rating are no interactions. */
  readonly minRating?: number;
  /** Rows of other events are no interactions. */
  readonly events?: readonly string[];
}

/** The columns that a filter looks at; undefined where a layout has no such column. */
export interface FilterColumns {
  readonly rating: string | undefined;
  readonly event: string | undefined;
}

export class InteractionFilter {
  /** Rows that are no interactions. */
  leftOut = 0;
  /** Which columns have to be given with a row; the first is the rating, the second the event. */
  readonly columns: readonly [rating: string | undefined, event: string | undefined];
  readonly #minRating: number;
  readonly #events: ReadonlySet<string> | undefined;
  readonly #met = new Set<string>();

  /** Throws 'bad-request' where the rows lack what is asked for. */
  constructor(file: string, { minRating, events }: FilterChoices, { rating, event }: FilterColumns) {
    const lacks = (option: string, what: string, column: string) =>
      new TslrecError(
        'bad-request',
        `${option}: ${file} has no column that is known as ${what}; name it with ${column}, or leave ` +
          `${option} out.`,
      );
    if (minRating !== undefined && rating === undefined)
      throw lacks('--min-rating', 'the rating', '--rating-column');
    if (events !== undefined && event === undefined) throw lacks('--events', 'the event', '--event-column');
    this.columns = [minRating === undefined ? undefined : rating, events === undefined ? undefined : event];
    this.#minRating = minRating ?? Number.NEGATIVE_INFINITY;
    this.#events = events && new Set(events);
  }

  /** Whether a row is an interaction; a rating that is no number is a bad row. */
  isInteraction(rating: unknown, event: unknown, row: Row, badRows: BadRows): boolean {
    const [ratingColumn, eventColumn] = this.columns;
    if (ratingColumn !== undefined) {
      const text = String(rating ?? '').trim();
      const value = text === '' ? Number.NaN : Number(text);
      if (Number.isNaN(value)) {
        badRows.reportAt(row, ratingColumn, `${ratingColumn} ${shown(text)}`, 'a number, the rating');
        return false;
      }
      if (value < this.#minRating) return this.#leave();
    }
    if (eventColumn === undefined) return true;
    const name = String(event ?? '').trim();
    this.#met.add(name);
    return this.#events!.has(name) || this.#leave();
  }

  /** Throws 'bad-request': an event that no row has is a slip of the pen. */
  check(file: string): void {
    const unknown = [...(this.#events ?? [])].find((name) => !this.#met.has(name));
    if (unknown === undefined) return;
    const known = [...this.#met].slice(0, SHOWN).map(shown).join(', ');
    throw new TslrecError(
      'bad-request',
      `--events: got ${shown(unknown)}, which no row of ${file} has, expected some of ${known}.`,
    );
  }

  #leave(): false {
    this.leftOut++;
    return false;
  }
}

const SHOWN = 20;
