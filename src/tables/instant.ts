// A moment that a table tells more finely than to the millisecond, which is all that a Date holds.

export class Instant extends Date {
  /** Since 1970, to a quarter of a microsecond. */
  readonly seconds: number;

  constructor(microseconds: bigint) {
    super(Number(microseconds / 1000n));
    this.seconds = Number(microseconds) / 1e6;
  }
}
