// Damages of Parquet: what stands in its footer, and bytes anywhere. Pages may have checksums, which hardly
// any writer makes.
import type { Damage } from './damages.ts';
import { bytes, randomBytes } from './damages.ts';

const FOOTER_LENGTH = 8; // from the end: four bytes of length, then PAR1

const withFooterLength = (name: string, length: (good: Buffer) => number): Damage =>
  bytes(`whose footer is ${name} bytes long`, 'nothing', (good) => {
    good.writeUInt32LE(length(good) >>> 0, good.length - FOOTER_LENGTH);
    return good;
  });

/** Where the footer begins. */
const footerOf = (good: Buffer): number =>
  good.length - FOOTER_LENGTH - good.readUInt32LE(good.length - FOOTER_LENGTH);

/** One byte after the other, in steps, of the part from `from` up to `to`. */
const changed = (part: string, steps: number, from: (good: Buffer) => number, to: (good: Buffer) => number) =>
  Array.from({ length: steps }, (_, step) =>
    bytes(`byte ${step} of ${steps} of ${part} changed`, 'anything', (good, random) => {
      const [start, end] = [from(good), to(good)];
      good[start + Math.floor(((end - start) * step) / steps)] ^= 1 + random.integer(255);
      return good;
    }),
  );

export const PARQUET: readonly Damage[] = [
  withFooterLength('0', () => 0),
  withFooterLength('4 billion', () => 0xffffffff),
  withFooterLength('as many as the file', (good) => good.length),
  bytes('of its two ends alone', 'nothing', () => 'PAR1\0\0\0\0PAR1'),
  bytes('with a footer at random', 'nothing', (good, random) => {
    const start = footerOf(good);
    randomBytes(random, good.length - FOOTER_LENGTH - start).copy(good, start);
    return good;
  }),
  ...changed('the footer', 60, footerOf, (good) => good.length - FOOTER_LENGTH),
  ...changed('the pages', 40, () => 4, footerOf),
];
