// The safetensors file format: 8 bytes of header length, a JSON header, raw little-endian values
// (https://huggingface.co/docs/safetensors). Written as float32, whole or not at all; read from any float
// format.
import { type FileHandle, open } from 'node:fs/promises';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { MOST_BYTES_AT_ONCE, writeFileAtomically } from '../files.ts';
import type { Shape } from '../tensor/graph.ts';
import { sizeOf } from '../tensor/graph.ts';
import { bytesOf, decodeBuffer, decodeFloats, type FloatFormat, isFloatFormat } from './floats.ts';

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
 * What a file's header tells; a tensor is decoded when it is asked for, so that others may be of any type.
 */
export interface SafetensorsContents extends Pick<SafetensorsFile, 'metadata'> {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly tensor: (name: string) => NamedTensor;
}

/** A file that is read tensor by tensor, so that it never lies in memory as a whole beside its tensors. */
export interface OpenSafetensors extends Pick<SafetensorsContents, 'metadata' | 'shapes'> {
  readonly tensor: (name: string) => Promise<NamedTensor>;
  readonly close: () => Promise<void>;
}

const count = z.int().nonnegative();
const headerEntry = z.object({
  dtype: z.string(),
  shape: z.array(count),
  data_offsets: z.tuple([count, count]),
});
const headerMetadata = z.record(z.string(), z.string());
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
  const handle = await open(file);
  const read = (position: number, length: number) =>
    readBytes(handle, position, length).catch((error: Error) => {
      throw Object.assign(error, { path: file }); // which those for folders would not say
    });
  try {
    const { size } = await handle.stat();
    const length = headerLength(Buffer.from(await read(0, Math.min(8, size))), size, file);
    const { entries, metadata } = parseHeader(Buffer.from(await read(8, length)).toString(), file);
    return {
      shapes: shapesOf(entries),
      metadata,
      tensor: async (name) => {
        const { dtype, begin, end, shape } = wholeEntry(name, entries, size - 8 - length, file);
        return { shape, values: decodeBuffer(await read(8 + length + begin, end - begin), dtype) };
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** `file` is what messages call the bytes. */
export function parseSafetensors(bytes: Buffer, file: string): SafetensorsContents {
  const length = headerLength(bytes, bytes.length, file);
  const bodies = bytes.subarray(8 + length);
  const { entries, metadata } = parseHeader(bytes.toString('utf8', 8, 8 + length), file);
  return {
    shapes: shapesOf(entries),
    metadata,
    tensor: (name) => {
      const { dtype, begin, end, shape } = wholeEntry(name, entries, bodies.length, file);
      return { shape, values: decodeFloats(bodies.subarray(begin, end), dtype) };
    },
  };
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(
      bytes,
      done,
      Math.min(length - done, MOST_BYTES_AT_ONCE),
      position + done,
    );
    if (bytesRead === 0) throw new Error('internal: the file became shorter while it was read');
    done += bytesRead;
  }
  return bytes.buffer;
}

function headerLength(beginning: Buffer, size: number, file: string): number {
  const length = size < 8 ? Number.NaN : Number(beginning.readBigUInt64LE());
  if (!(length <= size - 8)) {
    throw new TslrecError(
      'bad-data',
      `${file} is not a safetensors file: it is shorter than its header says; write it again.`,
    );
  }
  return length;
}

const shapesOf = (entries: ReadonlyMap<string, HeaderEntry>): Map<string, Shape> =>
  new Map(Array.from(entries, ([name, { shape }]) => [name, shape]));

/** Where a tensor lies among the `bodyBytes` behind the header. */
function wholeEntry(
  name: string,
  entries: ReadonlyMap<string, HeaderEntry>,
  bodyBytes: number,
  file: string,
): { dtype: FloatFormat; begin: number; end: number; shape: Shape } {
  const { dtype, shape, data_offsets } = entries.get(name)!;
  const [begin, end] = data_offsets;
  const refuse = (got: string, advice: string): never => {
    throw new TslrecError('bad-data', `${file}: got ${got}; ${advice}.`);
  };
  if (!isFloatFormat(dtype))
    return refuse(
      `tensor ${name} of the type ${dtype}, expected F64, F32, F16 or BF16`,
      'save it as one of these',
    );
  const bytes = bytesOf(dtype) * sizeOf(shape);
  if (end - begin !== bytes)
    refuse(
      `${end - begin} bytes of tensor ${name}, expected ${bytes} for ${dtype} [${shape}]`,
      'write it again',
    );
  if (end > bodyBytes)
    refuse(
      `a file that ends ${end - bodyBytes} bytes before the end of tensor ${name}, expected all of it`,
      'copy it again',
    );
  return { dtype, begin, end, shape };
}

function parseHeader(
  json: string,
  file: string,
): { entries: Map<string, HeaderEntry>; metadata: Record<string, string> } {
  try {
    const { __metadata__: metadata = {}, ...entries } = JSON.parse(json);
    return {
      entries: new Map(Object.entries(z.record(z.string(), headerEntry).parse(entries))),
      metadata: headerMetadata.parse(metadata),
    };
  } catch (error) {
    throw new TslrecError(
      'bad-data',
      `${file} is not a safetensors file: its header is not the JSON that the format wants; write it again.`,
      { cause: error },
    );
  }
}
