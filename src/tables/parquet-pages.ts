// What a Parquet file claims of its sizes, held against its bytes before hyparquet believes it. The library
// makes lists as long as it is told and repeats a value as often as it is told: some bytes that are damaged,
// or meant to, would fill the memory, which ends the process without a sentence. The format: parquet.thrift
// and Encodings.md of apache/parquet-format.
import type { ColumnMetaData, SchemaElement } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** hyparquet-compressors 1.1.2 does not know LZ4's block of nothing, which a page of nulls is. */
export const DECOMPRESS: typeof compressors = {
  ...compressors,
  LZ4_RAW: (input, length) => (length === 0 ? new Uint8Array() : compressors.LZ4_RAW!(input, length)),
};

const LARGEST_PAGE = 2 ** 28;
const MOST_NESTED = 32;

/** What Thrift's compact protocol has in a struct, by number; of lists and texts only that they are whole. */
type Struct = Map<number, number | Struct>;

/** Throws where the footer, which begins at `at`, is no whole struct. */
export function checkFooter(bytes: Uint8Array, at: number): void {
  new Reader(bytes, at).struct();
}

/** One column of a row group. */
export interface Chunk {
  readonly meta: ColumnMetaData;
  /** From the root of the schema to the column. */
  readonly path: readonly SchemaElement[];
}

/** Throws where the pages in `bytes`, which are all of them, do not have what the footer says. */
export function checkPages(bytes: Uint8Array, { meta, path }: Chunk): void {
  const [, ...below] = path;
  const levels = [
    below.filter(({ repetition_type }) => repetition_type === 'REPEATED').length,
    below.filter(({ repetition_type }) => repetition_type !== 'REQUIRED').length,
  ];
  const reader = new Reader(bytes, 0);
  let values = 0;
  while (reader.at < bytes.length - 1 && !(levels[0] === 0 && values >= meta.num_values)) {
    const header = reader.struct();
    const [type, unpacked, packed] = [1, 2, 3].map((field) => numberIn(header, field));
    const page = reader.take(packed);
    if (unpacked < 0 || unpacked > LARGEST_PAGE) throw new Error(`a page of ${unpacked} bytes`);
    const data = structIn(header, 5) ?? structIn(header, 8);
    const count = numberIn(data ?? structIn(header, 7) ?? new Map(), 1);
    if (count < 0) throw new Error(`a page of ${count} values`);
    if (type !== 0 && type !== 3) {
      // A value of a dictionary is a byte at least, but for one of booleans, which nobody writes.
      if (count > unpacked && count > 0) throw new Error(`a dictionary of ${count} values in few bytes`);
      continue;
    }
    values += count;
    if (data === undefined || values > meta.num_values) throw new Error(`a page of ${count} values`);
    if (type === 0) checkPage(unpack(page, unpacked, meta), data, count, levels);
    else checkSecondPage(page, header, data, count, levels, meta);
  }
  if (BigInt(values) !== meta.num_values) throw new Error(`${values} values in place of ${meta.num_values}`);
}

const RLE = 3;
const DICTIONARIES = [2, 8];

/** Levels and values are packed together, and a length stands before each kind of level. */
function checkPage(page: Uint8Array, data: Struct, count: number, levels: readonly number[]): void {
  const reader = new Reader(page, 0);
  for (const most of levels) {
    if (most === 0) continue;
    const length = reader.uint32();
    checkRuns(reader.take(length), bitsOf(most), count);
  }
  checkValues(reader, data, 2, count);
}

/** Only the values are packed, and the header tells how long the levels are. */
function checkSecondPage(
  page: Uint8Array,
  header: Struct,
  data: Struct,
  count: number,
  levels: readonly number[],
  meta: ColumnMetaData,
): void {
  const reader = new Reader(page, 0);
  const lengths = [numberIn(data, 6, 0), numberIn(data, 5, 0)];
  for (const [i, length] of lengths.entries()) {
    const bytes = reader.take(length);
    if (levels[i] > 0) checkRuns(bytes, bitsOf(levels[i]), count);
  }
  const rest = page.subarray(reader.at);
  const unpacked = numberIn(header, 2) - lengths[0] - lengths[1];
  const nulls = numberIn(data, 2);
  if (nulls < 0 || nulls > count || unpacked < 0) throw new Error(`${nulls} nulls among ${count} values`);
  const isPacked = numberIn(data, 7, 1) === 1 && unpacked > 0;
  checkValues(new Reader(isPacked ? unpack(rest, unpacked, meta) : rest, 0), data, 4, count - nulls);
}

/** `field`: where the encoding stands. */
function checkValues(reader: Reader, data: Struct, field: number, count: number): void {
  const encoding = numberIn(data, field);
  const left = reader.bytes.length - reader.at;
  if (left === 0) return;
  if (DICTIONARIES.includes(encoding)) {
    const width = reader.byte();
    if (width > 32) throw new Error(`numbers of ${width} bits`);
    checkRuns(reader.take(left - 1), width, count);
  } else if (encoding === RLE && left > 4) checkRuns(reader.take(reader.uint32()), 1, count);
}

/** Runs of one value, and of values each in its bits, up to as many as there have to be. */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  const reader = new Reader(bytes, 0);
  for (let seen = 0; seen < count && reader.at < bytes.length; ) {
    const head = reader.varint();
    const isPacked = (head & 1) === 1;
    const run = isPacked ? (head >>> 1) * 8 : head >>> 1;
    // The last values of a run of bits may stand for nothing.
    if (seen + run > count + (isPacked ? MOST_PADDING : 0)) throw new Error(`a run of ${run} values`);
    reader.take(Math.min(isPacked ? (run / 8) * width : (width + 7) >> 3, bytes.length - reader.at));
    seen += run;
  }
}

const MOST_PADDING = 512;
const bitsOf = (most: number): number => 32 - Math.clz32(most);

function unpack(page: Uint8Array, length: number, { codec }: ColumnMetaData): Uint8Array {
  if (codec === 'UNCOMPRESSED') return page;
  const decompress = DECOMPRESS[codec];
  if (decompress === undefined) throw new Error(`the compression ${codec}`);
  const unpacked = decompress(page, length);
  if (unpacked.length !== length) throw new Error(`a page of ${unpacked.length} bytes in place of ${length}`);
  return unpacked;
}

function numberIn(struct: Struct, field: number, otherwise?: number): number {
  const value = struct.get(field) ?? otherwise;
  if (typeof value !== 'number') throw new Error('a page without what it needs');
  return value;
}

function structIn(struct: Struct, field: number): Struct | undefined {
  const value = struct.get(field);
  return value instanceof Map ? value : undefined;
}

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    [this.bytes, this.at] = [bytes, at];
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new Error('unexpected end');
    return this.bytes[this.at++];
  }

  take(length: number): Uint8Array {
    if (length < 0 || this.at + length > this.bytes.length) throw new Error('unexpected end');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  uint32(): number {
    const [a, b, c, d] = this.take(4);
    return a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
  }

  /** As the library reads it: of 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error('a number without end');
  }

  struct(depth = 0): Struct {
    if (depth > MOST_NESTED) throw new Error('structs in structs');
    const found: Struct = new Map();
    for (let field = 0; ; ) {
      const head = this.byte();
      if (head === 0) return found;
      const delta = head >> 4;
      field = delta > 0 ? field + delta : zigzag(this.varint());
      found.set(field, this.#element(head & 15, depth));
    }
  }

  #element(type: number, depth: number): number | Struct {
    if (type === 1 || type === 2) return type === 1 ? 1 : 0;
    if (type === 3) return this.byte();
    if (type >= 4 && type <= 6) return zigzag(this.varint());
    if (type === 7) return this.take(8).length;
    if (type === 8) return this.take(this.varint()).length;
    if (type === 9) return this.#list(depth);
    if (type === 12) return this.struct(depth + 1);
    throw new Error('an unknown type');
  }

  /** Each element takes a byte and more. */
  #list(depth: number): number {
    if (depth > MOST_NESTED) throw new Error('lists in lists');
    const head = this.byte();
    const type = head & 15;
    const length = head >> 4 === 15 ? this.varint() : head >> 4;
    if (length < 0 || length > this.bytes.length - this.at) throw new Error(`a list of ${length}`);
    for (let i = 0; i < length; i++) {
      if (type === 1 || type === 2) this.byte();
      else this.#element(type, depth + 1);
    }
    return length;
  }
}

const zigzag = (value: number): number => (value >>> 1) ^ -(value & 1);
