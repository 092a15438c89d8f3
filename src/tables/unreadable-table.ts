import { TslrecError } from '../errors.ts';

/** A file that is a table and cannot be read: where it is one of several, it must not be passed over. */
export class UnreadableTable extends TslrecError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('bad-data', message, options);
  }
}
