// The safetensors file format: 8 bytes of header length, a JSON header, raw little-endian values
// (https://huggingface.co/docs/safetensors). Written whole or not at all.
import { readFile } from 'node:fs/promises';
import { TslrecError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import type { Shape } from '../tensor/graph.ts';
import { sizeOf } from '../tensor/graph.ts';

export interface NamedTensor {
  readonly shape: Shape;
  readonly values: Float32Array;
}

export type NamedTensors = ReadonlyMap<string, NamedTensor>;

export interface SafetensorsFile {
  readonly tensors: Map<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

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
  const bytes = await readFile(file);
  const headerLength = bytes.length < 8 ? Number.NaN : Number(bytes.readBigUInt64LE());
  if (!(headerLength <= bytes.length - 8)) {
    throw new TslrecError(
      'bad-data',
      `${file} is not a safetensors file: it is shorter than its header says; write it again.`,
    );
  }
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<string, HeaderEntry>;
  const { __metadata__: metadata, ...entries } = header;
  const tensors = new Map<string, NamedTensor>();
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [begin, end],
    },
  ] of Object.entries(entries)) {
    const start = 8 + headerLength + begin;
    if (dtype !== 'F32' || end - begin !== 4 * sizeOf(shape) || start + end - begin > bytes.length) {
      throw new TslrecError(
        'bad-data',
        `${file}: tensor ${name} (${dtype} [${shape}], bytes ${begin} to ${end}) is not whole float32; write it again.`,
      );
    }
    tensors.set(name, {
      shape,
      values: new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + end - begin)),
    });
  }
  return { tensors, metadata: (metadata ?? {}) as unknown as Record<string, string> };
}
