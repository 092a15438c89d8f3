// What stands in a column of times -> seconds since 1970. Seconds, milliseconds, microseconds and nanoseconds
// are told apart by their size, once for all of a column; so are numbers and dates. Small numbers, such as
// positions in a sequence, stay what they are. A double holds today's seconds to a quarter of a microsecond.
import { shown } from '../tables/bad-rows.ts';
import { Instant } from '../tables/instant.ts';

/** Units by the size from which on a number is one of them, with what makes seconds of it. */
const UNITS = [
  { name: 'seconds', from: 0, perSecond: 1 },
  { name: 'milliseconds', from: 1e11, perSecond: 1e3 },
  { name: 'microseconds', from: 1e14, perSecond: 1e6 },
  { name: 'nanoseconds', from: 1e17, perSecond: 1e9 },
] as const;
/** What is larger is no time in any of the units. */
const TOO_LARGE = 1e20;

/** As Python and spreadsheets write numbers, 1.5e9 included; not 0x10, which Number would read, too. */
const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const CLOCK = '(\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,9}))?)?';
const ZONE = '(Z|UTC|[+-]\\d\\d(?::?\\d\\d)?)';
/** ISO 8601, with a blank for its T where that is so; without a zone it is UTC. */
const ISO = new RegExp(`^\\s*(\\d{4})-(\\d\\d)-(\\d\\d)(?:[T ]${CLOCK}\\s*${ZONE}?)?\\s*$`, 'i');

type Kind = (typeof UNITS)[number]['name'] | 'dates';

/** Reads one column. */
export class TimeColumn {
  readonly name: string;
  #kind: Kind | undefined;
  #lacksZone = false;

  constructor(name: string) {
    this.name = name;
  }

  /** NaN where the value is no time, or one of another kind than those before. */
  seconds(value: unknown): number {
    if (typeof value === 'string') {
      if (DECIMAL.test(value)) return this.#ofNumber(Number(value));
      const parts = ISO.exec(value);
      return parts ? this.#ofDate(secondsOf(parts), parts[4] !== undefined && parts[8] === undefined) : NaN;
    }
    if (typeof value === 'number' || typeof value === 'bigint') return this.#ofNumber(Number(value));
    if (value instanceof Instant) return this.#ofDate(value.seconds, false);
    return value instanceof Date ? this.#ofDate(value.getTime() / 1e3, false) : NaN;
  }

  /** After a NaN: what was got, and what is expected. */
  problem(value: unknown): readonly [got: string, expected: string] {
    const got = `${this.name} ${shown(String(value ?? ''))}`;
    if (this.#kind === undefined || !this.#isTime(value))
      return [got, 'a number, such as seconds since 1970, or an ISO date, such as 2024-05-31T18:00:00Z'];
    return [got, `${this.#kind}, as the rows before have`];
  }

  /** How it was read, where somebody has to know. */
  note(file: string): string[] {
    const { name } = this;
    if (this.#kind === undefined || this.#kind === 'seconds') return [];
    if (this.#kind !== 'dates') return [`${file}: ${name} is read as ${this.#kind} since 1970.`];
    return this.#lacksZone ? [`${file}: ${name} has times without a zone, which are read as UTC.`] : [];
  }

  #isTime(value: unknown): boolean {
    return !Number.isNaN(new TimeColumn(this.name).seconds(value));
  }

  #ofNumber(value: number): number {
    const size = Math.abs(value);
    if (!(size < TOO_LARGE)) return NaN;
    let unit: (typeof UNITS)[number] = UNITS[0];
    for (const other of UNITS) if (size >= other.from) unit = other;
    this.#kind ??= value === 0 ? undefined : unit.name;
    return this.#kind === undefined || this.#kind === unit.name ? value / unit.perSecond : zeroOrNaN(value);
  }

  #ofDate(seconds: number, lacksZone: boolean): number {
    this.#kind ??= 'dates';
    this.#lacksZone ||= lacksZone;
    return this.#kind === 'dates' ? seconds : NaN;
  }
}

/** Zero is zero in every unit. */
const zeroOrNaN = (value: number): number => (value === 0 ? 0 : NaN);

function secondsOf(parts: readonly (string | undefined)[]): number {
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day); // Date.UTC takes 0 to 99 for 1900 to 1999
  const isThere = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isThere || hour > 23 || minute > 59 || second > 59) return NaN;
  return date.getTime() / 1e3 + Number(`0.${parts[7] ?? 0}`) - zoneSeconds(parts[8] ?? 'Z');
}

function zoneSeconds(zone: string): number {
  const [, sign, hours, minutes = 0] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const seconds = Number(hours ?? 0) * 3_600 + Number(minutes) * 60;
  return sign === '-' ? -seconds : seconds;
}
