// The safetensors file format: 8 bytes of header length, a JSON header, raw little-endian values
// (https://huggingface.co/docs/safetensors). Written as float32, whole or not at all; read from any float format.
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import type { Shape } from '../tensor/graph.ts';
import { sizeOf } from '../tensor/graph.ts';
import { bytesOf, decodeFloats, isFloatFormat } from './floats.ts';

export interface NamedTensor {
  readonly shape: Shape;
  readonly values: Float32Array;
}

export type NamedTensors = ReadonlyMap<string, NamedTensor>;

export interface SafetensorsFile {
  readonly tensors: Map<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a file's header tells; a tensor is decoded when it is asked for, so that others may be of any type. */
export interface SafetensorsContents extends Pick<SafetensorsFile, 'metadata'> {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly tensor: (name: string) => NamedTensor;
}

const count = z.int().nonnegative();
const headerEntry = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
const headerMetadata = z.record(z.string(), z.string());
type HeaderEntry = z.infer<typeof headerEntry>;

export function writeSafetensors(
  file: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const header: Record<string, HeaderEntry | Record<string, string>> = { __metadata__: { format: 'pt', ...metadata } };
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
  const { shapes, tensor, metadata } = parseSafetensors(await readFile(file), file);
  return { tensors: new Map(Array.from(shapes.keys(), (name) => [name, tensor(name)])), metadata };
}

/** `file` is what messages call the bytes. */
export function parseSafetensors(bytes: Buffer, file: string): SafetensorsContents {
  const headerLength = bytes.length < 8 ? Number.NaN : Number(bytes.readBigUInt64LE());
  if (!(headerLength <= bytes.length - 8)) {
    throw new TslrecError(
      'bad-data',
      `${file} is not a safetensors file: it is shorter than its header says; write it again.`,
    );
  }
  const bodies = bytes.subarray(8 + headerLength);
  const { entries, metadata } = parseHeader(bytes.toString('utf8', 8, 8 + headerLength), file);
  return {
    shapes: new Map([...entries].map(([name, { shape }]) => [name, shape])),
    metadata,
    tensor: (name) => {
      const { dtype, shape, data_offsets } = entries.get(name)!;
      const [begin, end] = data_offsets;
      if (!isFloatFormat(dtype) || end - begin !== bytesOf(dtype) * sizeOf(shape) || end > bodies.length) {
        throw new TslrecError(
          'bad-data',
          `${file}: tensor ${name} (${dtype} [${shape}], bytes ${begin} to ${end}) is not whole F64, F32, F16 or ` +
            'BF16; write it again.',
        );
      }
      return { shape, values: decodeFloats(bodies.subarray(begin, end), dtype) };
    },
  };
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
