// Damages of Parquet: what its footer and its pages claim of their sizes, and bytes anywhere. Pages may have
// checksums, which hardly any writer makes.
import { bytes, type Damage } from './damages.ts';

/** The footer stands at the end: its bytes, its length, the mark. */
const withFooter = (good: Buffer, change: (footer: Buffer) => Buffer, claimed?: number): Buffer => {
  const end = good.length - 8;
  const start = end - good.readUInt32LE(end);
  const footer = change(Buffer.from(good.subarray(start, end)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(claimed ?? footer.length);
  return Buffer.concat([good.subarray(0, start), footer, length, Buffer.from('PAR1')]);
};

/** A field that is a list of lists of ..., each of which claims 2^27 elements. */
const LISTS = Buffer.concat([
  Buffer.of(0x29),
  ...Array.from({ length: 1000 }, () => Buffer.of(0xf9, 0x80, 0x80, 0x80, 0x40)),
]);

/** Of thrift's compact protocol: an i32 or i64 of 5 bytes, the largest of 32 bits. */
const LARGEST = Buffer.of(0xfe, 0xff, 0xff, 0xff, 0x0f);

/** In the place of the number behind `before`, the first time that it comes. */
function claim(good: Buffer, before: readonly number[], value: Buffer): Buffer {
  const at = good.indexOf(Buffer.from(before)) + before.length;
  if (at < before.length) throw new Error(`not there: ${before}`);
  return Buffer.concat([good.subarray(0, at), value, good.subarray(at + 1)]);
}

/** The first page begins so: type, unpacked size, packed size. */
const firstPage = (good: Buffer, field: number): Buffer => {
  const at = 4 + 2 * field - 1;
  return Buffer.concat([good.subarray(0, at), LARGEST, good.subarray(at + 1)]);
};

export const CLAIMS: readonly Damage[] = [
  bytes('encrypted', 'nothing', (good) => Buffer.concat([good.subarray(0, -4), Buffer.from('PARE')])),
  bytes('with a footer of 2^32 - 1 bytes', 'nothing', (good) =>
    withFooter(good, (same) => same, 2 ** 32 - 1),
  ),
  bytes('with an empty footer', 'nothing', (good) => withFooter(good, () => Buffer.alloc(0))),
  bytes('with half a footer', 'nothing', (good) =>
    withFooter(good, (footer) => footer.subarray(0, footer.length / 2)),
  ),
  bytes('with a footer of lists in lists', 'nothing', (good) => withFooter(good, () => LISTS)),
  bytes('with a footer of structs in structs', 'nothing', (good) =>
    withFooter(good, () => Buffer.alloc(200_000, 0x1c)),
  ),
  bytes('with the footer of nothing', 'nothing', (good) => withFooter(good, () => Buffer.of(0))),
  bytes('with a first page of 2^31 - 1 bytes unpacked', 'nothing', (good) => firstPage(good, 2)),
  bytes('with a first page of 2^31 - 1 bytes', 'nothing', (good) => firstPage(good, 3)),
  bytes('with 2^31 - 1 values in the first page that has data', 'nothing', (good) =>
    // Data page header (field 5 of the page's), its field 1, behind the fields before.
    claim(good, [0x2c, 0x15], LARGEST),
  ),
  bytes('with a first run of 63 levels', 'nothing', (good) =>
    // A length of 2, and a run of bits.
    claim(good, [2, 0, 0, 0], Buffer.of(126)),
  ),
];

/** Where the footer begins. */
const footerOf = (good: Buffer): number => good.length - 8 - good.readUInt32LE(good.length - 8);

/** One byte after the other, in steps, of the part from `from` up to `to`. */
const changed = (part: string, steps: number, from: (good: Buffer) => number, to: (good: Buffer) => number) =>
  Array.from({ length: steps }, (_, step) =>
    bytes(`byte ${step} of ${steps} of ${part} changed`, 'anything', (good, random) => {
      const [start, end] = [from(good), to(good)];
      good[start + Math.floor(((end - start) * step) / steps)] ^= 1 + random.integer(255);
      return good;
    }),
  );

export const CHANGED: readonly Damage[] = [
  ...changed('the footer', 60, footerOf, (good) => good.length - 8),
  ...changed('the pages', 40, () => 4, footerOf),
];
