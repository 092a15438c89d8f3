// Damages of the two formats of tensors, safetensors and NumPy's: headers that lie about what follows them.

import { type NpyHeader, npy } from '../support/vector-files.ts';
import { bytes, type Damage, type Leaves, MEGABYTE } from './damages.ts';

interface Entry {
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
}
type Header = Record<string, Entry> & { readonly __metadata__?: never };

function parts(good: Buffer): { header: Header; body: Buffer } {
  const length = Number(good.readBigUInt64LE());
  return { header: JSON.parse(good.toString('utf8', 8, 8 + length)), body: good.subarray(8 + length) };
}

function joined(header: string | Buffer, body: Buffer, length?: bigint): Buffer {
  const json = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([prefix, json, body]);
}

const lengthOf = (name: string, length: bigint): Damage =>
  bytes(`with a header of ${name}`, 'nothing', (good) => {
    const { header, body } = parts(good);
    return joined(JSON.stringify(header), body, length);
  });

const headed = (
  name: string,
  leaves: Leaves,
  make: (header: Header, json: string) => string | Buffer,
): Damage =>
  bytes(`with a header ${name}`, leaves, (good) => {
    const { header, body } = parts(good);
    return joined(make(header, JSON.stringify(header)), body);
  });

/** What one tensor's entry says, of that which has most dimensions. */
const entry = (name: string, leaves: Leaves, edit: (entry: Entry, end: number) => void): Damage =>
  headed(`in which a tensor has ${name}`, leaves, (header) => {
    const tensors = Object.entries(header).filter(([key]) => key !== '__metadata__');
    const [, chosen] = tensors.sort(([, a], [, b]) => (b.shape as []).length - (a.shape as []).length)[0];
    edit(chosen, (chosen.data_offsets as [number, number])[1]);
    return JSON.stringify(header);
  });

export const SAFETENSORS: readonly Damage[] = [
  lengthOf('no bytes', 0n),
  lengthOf('1 byte', 1n),
  lengthOf('2^31 bytes', 2n ** 31n),
  lengthOf('2^53 + 1 bytes', 2n ** 53n + 1n),
  lengthOf('2^60 bytes', 2n ** 60n),
  lengthOf('2^64 - 1 bytes', 2n ** 64n - 1n),
  headed('that is no JSON', 'nothing', () => 'no JSON at all, but as long as one'),
  headed('that is no UTF-8', 'nothing', (_, json) =>
    Buffer.from(json.replace('"shape"', '"sh\xffpe"'), 'latin1'),
  ),
  headed('with names that are no UTF-8', 'nothing', (_, json) =>
    Buffer.from(json.replace('weight', 'w\xe9ight'), 'latin1'),
  ),
  ...['[]', 'null', '5', '"x"', '{}', '{"__metadata__": {}}'].map((json) =>
    headed(`of ${json}`, 'nothing', () => json),
  ),
  headed('of 100,000 brackets', 'nothing', () => '['.repeat(100_000)),
  headed('of which the metadata are null', 'same', (_, json) =>
    json.replace(/"__metadata__":\{[^}]*\}/, '"__metadata__":null'),
  ),
  headed('of which the metadata are numbers', 'nothing', (_, json) =>
    json.replace(/"__metadata__":\{[^}]*\}/, '"__metadata__":{"format":5}'),
  ),
  headed('of which the metadata are a list', 'nothing', (_, json) =>
    json.replace(/"__metadata__":\{[^}]*\}/, '"__metadata__":["pt"]'),
  ),
  headed('padded with 8 MB of blanks', 'same', (_, json) => json + ' '.repeat(8 * MEGABYTE)),
  headed('that has every tensor twice', 'same', (_, json) => `${json.slice(0, -1)},${json.slice(1)}`),
  headed('of 20,000 tensors more on the same bytes', 'same', (header) => {
    const [first] = Object.values(header).filter(({ dtype }) => dtype !== undefined);
    const more = Array.from({ length: 20_000 }, (_, i) => [`more.${i}`, first]);
    return JSON.stringify({ ...header, ...Object.fromEntries(more) });
  }),
  headed('without its first tensor', 'nothing', (header) => {
    const [first] = Object.keys(header).filter((key) => key !== '__metadata__');
    const { [first]: _, ...others } = header;
    return JSON.stringify(others);
  }),
  headed('with a tensor __proto__', 'same', (header, json) => {
    const [first] = Object.values(header).filter(({ dtype }) => dtype !== undefined);
    return `{"__proto__":${JSON.stringify(first)},${json.slice(1)}`;
  }),
  headed('of other names', 'same', (_, json) => json.replaceAll('weight', 'wight')),
  entry('the shape []', 'nothing', (it) => {
    it.shape = [];
  }),
  entry('a negative shape', 'nothing', (it) => {
    it.shape = [-1, -1];
  }),
  entry('a shape of 2^64 numbers', 'nothing', (it) => {
    it.shape = [2 ** 32, 2 ** 32];
  }),
  entry('a shape of 10^12 numbers', 'nothing', (it) => {
    it.shape = [1e6, 1e6];
  }),
  entry('a shape of fractions', 'nothing', (it) => {
    it.shape = [0.5, 4];
  }),
  entry('a shape of text', 'nothing', (it) => {
    it.shape = '[4, 4]';
  }),
  entry('100,000 dimensions', 'nothing', (it) => {
    it.shape = Array.from({ length: 100_000 }, () => 1);
  }),
  entry('no row', 'nothing', (it) => {
    it.shape = [0, 4];
    it.data_offsets = [0, 0];
  }),
  entry('reversed offsets', 'nothing', (it) => {
    it.data_offsets = (it.data_offsets as number[]).toReversed();
  }),
  entry('offsets behind the end', 'nothing', (it, end) => {
    it.data_offsets = (it.data_offsets as number[]).map((offset) => offset + 10 * end + 1e6);
  }),
  entry('offsets of 10^12', 'nothing', (it) => {
    it.data_offsets = [0, 1e12];
  }),
  entry('negative offsets', 'nothing', (it, end) => {
    it.data_offsets = [-end, 0];
  }),
  entry('one offset', 'nothing', (it) => {
    it.data_offsets = [0];
  }),
  entry('offsets four bytes too far', 'nothing', (it) => {
    it.data_offsets = (it.data_offsets as number[]).map((offset) => offset + 4);
  }),
  ...['I64', 'F8_E4M3', 'BOOL', 'F128', '', 5, null, '__proto__', 'constructor'].map((dtype) =>
    entry(`the type ${JSON.stringify(dtype)}`, 'nothing', (it) => {
      it.dtype = dtype;
    }),
  ),
  entry('no type', 'nothing', (it) => {
    delete it.dtype;
  }),
  bytes('with 100 bytes behind it', 'same', (good) => Buffer.concat([good, Buffer.alloc(100, 1)])),
  bytes('doubled', 'same', (good) => Buffer.concat([good, good])),
];

/** Two tensors on the same bytes, of a file that holds several of one shape. */
export const OVERLAPPING: Damage = headed('of which two tensors share their bytes', 'nothing', (header) => {
  const bySize = Map.groupBy(
    Object.values(header).filter(({ dtype }) => dtype !== undefined),
    ({ shape }) => String(shape),
  );
  const [first, second] = [...bySize.values()].find((same) => same.length > 1)!;
  second.data_offsets = first.data_offsets;
  return JSON.stringify(header);
});

/** A table in the place of the good one, of which only the header is wrong. */
const table = (name: string, leaves: Leaves, header: NpyHeader, rows = 8, width = 4): Damage =>
  bytes(`with ${name}`, leaves, () =>
    npy(
      Array.from({ length: rows }, (_, row) => Array.from({ length: width }, (_, i) => row + i + 1)),
      header,
    ),
  );

const value = (name: string, number: number): Damage =>
  bytes(`with ${name} among its numbers`, 'nothing', (good) => {
    good.writeFloatLE(number, good.length - 20);
    return good;
  });

export const NPY: readonly Damage[] = [
  table('its columns first (Fortran)', 'settings', { fortranOrder: 'True' }),
  ...["'|O'", "'>f4'", "'<i4'", "'<c8'", "'|S4'", "[('a', '<f4')]", "''", "'<f4"].map((descr) =>
    table(`the type ${descr}`, 'nothing', { descr }),
  ),
  ...[
    '()',
    '(32,)',
    '(2, 4, 4)',
    '(-8, -4)',
    '(-1, 4)',
    '(0, 4)',
    '(8, 0)',
    '(4294967296, 4294967296)',
    '(1e1, 4)',
    '(8.0, 4)',
    "('8', 4)",
    '8, 4',
    '(9, 4)',
    '(7, 4)',
    `(${'8'.repeat(400)}, 4)`,
    `(${'1, '.repeat(5000)})`,
  ].map((shape) => table(`the shape ${shape.slice(0, 30)}`, 'nothing', { shape })),
  table('the version 0', 'nothing', { version: 0 }),
  table('the version 4', 'nothing', { version: 4 }),
  table('the version 255', 'nothing', { version: 255 }),
  table('a row less than ids', 'nothing', {}, 7),
  table('a row more than ids', 'nothing', {}, 9),
  bytes('with a header longer than the file', 'nothing', (good) => {
    good.writeUInt16LE(65_535, 8);
    return good;
  }),
  bytes('with a header of no bytes', 'nothing', (good) => {
    good.writeUInt16LE(0, 8);
    return good;
  }),
  bytes('with a header that is no text', 'nothing', (good) => good.fill(0xff, 10, 40)),
  bytes('with a header that has been pickled', 'nothing', (good) =>
    Buffer.from(good.toString('latin1').replace("'<f4'", 'eval '), 'latin1'),
  ),
  value('NaN', Number.NaN),
  value('infinity', Number.POSITIVE_INFINITY),
  bytes('of nothing but zeros', 'nothing', (good) => good.fill(0, good.length - 8 * 4 * 4)),
  bytes('with 100 bytes behind it', 'nothing', (good) => Buffer.concat([good, Buffer.alloc(100, 1)])),
  bytes('doubled', 'nothing', (good) => Buffer.concat([good, good])),
];
