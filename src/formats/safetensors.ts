// The safetensors file format: 8 bytes of header length, a JSON header, raw little-endian values
// (https://huggingface.co/docs/safetensors). Written as float32, whole or not at all; read from any float
// format.
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import { openNamedFile, readBytes, refuseStandIn } from '../named-file.ts';
import type { Shape } from '../tensor/graph.ts';
import { sizeOf } from '../tensor/graph.ts';
import { bytesOf, decodeBuffer, type FloatFormat, isFloatFormat } from './floats.ts';

export interface NamedTensor {
  readonly shape: Shape;
  readonly values: Float32Array;
}

export type NamedTensors = ReadonlyMap<string, NamedTensor>;

export interface SafetensorsFile {
  readonly tensors: Map<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What a file's header tells. A tensor is read when it is asked for, so that others may be of any type, and
 * the file never lies in memory as a whole beside its tensors.
 */
export interface OpenSafetensors extends Pick<SafetensorsFile, 'metadata'> {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly tensor: (name: string) => Promise<NamedTensor>;
  readonly close: () => Promise<void>;
}

/** What the format allows (safetensors 0.8, MAX_HEADER_SIZE). */
const LARGEST_HEADER = 1e8;
/** A tensor has about eight values in a header; memory grows with them more than with bytes. */
const MOST_VALUES = 2e6;
/** Of the numbers in a shape: the header, its tensors, their fields. */
const DEPTH = 3;

/** More than any tensor has; NumPy's own limit. */
const MOST_DIMENSIONS = 64;

const count = z.int().nonnegative();
const headerEntry = z.object({
  dtype: z.string(),
  shape: z.array(count).max(MOST_DIMENSIONS),
  data_offsets: z.tuple([count, count]),
});
const headerMetadata = z.record(z.string(), z.string()).nullish();
type HeaderEntry = z.infer<typeof headerEntry>;

export function writeSafetensors(
  file: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const header: Record<string, HeaderEntry | Record<string, string>> = {
    __metadata__: { format: 'pt', ...metadata },
  };
  const bodies: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [offset, offset + bytes.length] };
    bodies.push(bytes);
    offset += bytes.length;
  }
  const json = JSON.stringify(header);
  const headerBytes = Buffer.from(json + ' '.repeat(-Buffer.byteLength(json) & 7));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes.length));
  writeFileAtomically(file, [length, headerBytes, ...bodies]);
}

export async function readSafetensors(file: string): Promise<SafetensorsFile> {
  const { shapes, tensor, metadata, close } = await openSafetensors(file);
  try {
    const tensors = new Map<string, NamedTensor>();
    for (const name of shapes.keys()) tensors.set(name, await tensor(name));
    return { tensors, metadata };
  } finally {
    await close();
  }
}

export async function openSafetensors(file: string): Promise<OpenSafetensors> {
  const { handle, size } = await openNamedFile(file);
  const read = (position: number, length: number) => readBytes(handle, file, position, length);
  try {
    const beginning = Buffer.from(await read(0, Math.min(BEGINNING, size)));
    const length = headerLength(beginning, size, file);
    const header = await read(8, length);
    const { entries, metadata } = parseHeader(header, size - 8 - length, file);
    return {
      shapes: shapesOf(entries),
      metadata,
      tensor: async (name) => {
        const { dtype, begin, end, shape } = floatEntry(name, entries, file);
        return { shape, values: decodeBuffer(await read(8 + length + begin, end - begin), dtype) };
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Of what stands in a file's place these bytes are enough to tell it. */
const BEGINNING = 1_000;

function headerLength(beginning: Buffer, size: number, file: string): number {
  refuseStandIn(beginning, file);
  const length = size < 8 ? Number.NaN : Number(beginning.readBigUInt64LE());
  if (!(length <= size - 8)) {
    throw new TslrecError(
      'bad-data',
      `${file} is not a safetensors file: it is shorter than its header says; write it again.`,
    );
  }
  if (length > LARGEST_HEADER)
    refuse(file, `a header of ${length} bytes, expected at most ${LARGEST_HEADER}`, 'write it again');
  return length;
}

const shapesOf = (entries: ReadonlyMap<string, HeaderEntry>): Map<string, Shape> =>
  new Map(Array.from(entries, ([name, { shape }]) => [name, shape]));

/** Where a tensor of floating-point numbers lies behind the header. */
function floatEntry(
  name: string,
  entries: ReadonlyMap<string, HeaderEntry>,
  file: string,
): { dtype: FloatFormat; begin: number; end: number; shape: Shape } {
  const { dtype, shape, data_offsets } = entries.get(name)!;
  const [begin, end] = data_offsets;
  if (isFloatFormat(dtype)) return { dtype, begin, end, shape };
  return refuse(
    file,
    `tensor ${name} of the type ${dtype}, expected F64, F32, F16 or BF16`,
    'save it as one of these',
  );
}

/** `bodyBytes` is how many follow the header. */
function parseHeader(
  header: ArrayBuffer,
  bodyBytes: number,
  file: string,
): { entries: Map<string, HeaderEntry>; metadata: Record<string, string> } {
  const json = textOf(header, file);
  checkOutline(json, file);
  const { entries, metadata } = fieldsOf(json, file);
  checkPlaces(entries, bodyBytes, file);
  return { entries, metadata };
}

function textOf(header: ArrayBuffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(header);
  } catch (error) {
    throw notTheFormat(file, error);
  }
}

const notTheFormat = (file: string, cause: unknown): TslrecError =>
  new TslrecError(
    'bad-data',
    `${file} is not a safetensors file: its header is not the JSON that the format wants; write it again.`,
    { cause },
  );

function fieldsOf(
  json: string,
  file: string,
): { entries: Map<string, HeaderEntry>; metadata: Record<string, string> } {
  try {
    const { __metadata__: metadata, ...entries } = JSON.parse(json);
    return {
      entries: new Map(Object.entries(z.record(z.string(), headerEntry).parse(entries))),
      metadata: headerMetadata.parse(metadata) ?? {},
    };
  } catch (error) {
    throw notTheFormat(file, error);
  }
}

/** Before JSON.parse: a name that comes twice, which it would not tell, and what would take all memory. */
function checkOutline(json: string, file: string): void {
  const names = new Set<string>();
  let depth = 0;
  let values = 0;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ',') values++;
    else if (character === '"') {
      const begin = i;
      for (i++; i < json.length && json[i] !== '"'; i++) if (json[i] === '\\') i++;
      if (depth !== 1) continue;
      const name = json.slice(begin, i + 1);
      if (names.has(name))
        refuse(file, `the tensor ${name} twice, expected each name once`, 'write it again');
      names.add(name);
    }
    if (depth > DEPTH)
      refuse(file, 'a header of too many levels, expected a list of tensors', 'write it again');
    if (values > MOST_VALUES)
      refuse(file, `a header of more than ${MOST_VALUES} values, expected fewer`, 'write several files');
  }
}

/**
 * The format's own rules: tensors lie one behind the other, from the header to the file's end, each as long
 * as its shape and type say. Types that are not read here may have any length.
 */
function checkPlaces(entries: ReadonlyMap<string, HeaderEntry>, bodyBytes: number, file: string): void {
  const inOrder = [...entries].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  const last = inOrder.at(-1)?.[0];
  let place = 0;
  for (const [name, { dtype, shape, data_offsets }] of inOrder) {
    const [begin, end] = data_offsets;
    if (begin !== place || end < begin) {
      refuse(
        file,
        `tensor ${name} at the bytes ${begin} to ${end}, expected it to begin at ${place}, behind the others`,
        'write it again',
      );
    }
    const bytes = isFloatFormat(dtype) ? bytesOf(dtype) * sizeOf(shape) : end - begin;
    if (end - begin !== bytes) {
      refuse(
        file,
        `${end - begin} bytes of tensor ${name}, expected ${bytes} for ${dtype} [${shape}]`,
        'write it again',
      );
    }
    place = end;
  }
  if (place > bodyBytes) {
    refuse(
      file,
      `a file that ends ${place - bodyBytes} bytes before the end of tensor ${last}, expected all of it`,
      'copy it again',
    );
  }
  if (place < bodyBytes)
    refuse(file, `${bodyBytes - place} bytes behind the last tensor, expected none`, 'copy it again');
}

function refuse(file: string, got: string, advice: string): never {
  throw new TslrecError('bad-data', `${file}: got ${got}; ${advice}.`);
}
