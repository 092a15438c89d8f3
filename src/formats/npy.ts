// NumPy's file format (numpy.lib.format, versions 1 to 3): a magic string, a version, the length of a header,
// the header as a Python dictionary, raw values. Read is what a table of vectors may be: a 2-d array of
// little-endian float16, 32 or 64, by rows (C) or by columns (Fortran, what np.save makes of a transposed
// array). Written are float32 by rows.
import { TslrecError } from '../errors.ts';
import { openNamedFile, readBytes, refuseStandIn } from '../named-file.ts';
import { bytesOf, decodeBuffer, type FloatFormat } from './floats.ts';
import type { NamedTensor } from './safetensors.ts';

const MAGIC = '\x93NUMPY';
const FORMATS = new Map<string | undefined, FloatFormat>([
  ['<f2', 'F16'],
  ['<f4', 'F32'],
  ['<f8', 'F64'],
]);
/** Bytes that say how long the header is, by the version of the format. */
const LENGTH_BYTES = new Map([
  [1, 2],
  [2, 4],
  [3, 4],
]);

/** More than the header of any plain array, and what stands before it; NumPy reads 10,000. */
const LARGEST_HEADER = 65_536;

/** A table [rows, width]. The file is as long as its header says, or its values are not read. */
export async function readNpy(file: string): Promise<NamedTensor> {
  const { handle, size } = await openNamedFile(file);
  try {
    const beginning = Buffer.from(await readBytes(handle, file, 0, Math.min(size, LARGEST_HEADER)));
    refuseStandIn(beginning, file);
    const { format, inFortranOrder, shape, end } = tableOf(beginning, size, file);
    const values = decodeBuffer(await readBytes(handle, file, end, size - end), format);
    return { shape, values: inFortranOrder ? transposed(values, shape[1]) : values };
  } finally {
    await handle.close();
  }
}

/** `size` is that of the whole file. */
function tableOf(beginning: Buffer, size: number, file: string) {
  const { dtype, inFortranOrder, shape, end } = parseHeader(beginning, file);
  const format = FORMATS.get(dtype);
  if (format === undefined || shape.length !== 2) {
    throw new TslrecError(
      'bad-data',
      `${file}: got an array of shape (${shownShape(shape)}) and type ${dtype ?? 'with fields'}, expected ` +
        'one of shape (rows, width) and type <f2, <f4 or <f8; save the table of item vectors: ' +
        'np.save(file, table.astype("<f4"))',
    );
  }
  const [rows, width] = shape;
  const expected = rows * width * bytesOf(format);
  if (size - end !== expected) {
    throw new TslrecError(
      'bad-data',
      `${file}: got ${size - end} bytes of values, expected ${expected} for shape (${rows}, ${width}) of ` +
        `${dtype}; save or copy it again, one array a file`,
    );
  }
  return { format, inFortranOrder, shape, end };
}

const SHOWN_DIMENSIONS = 8;
const shownShape = (shape: readonly number[]): string =>
  `${shape.slice(0, SHOWN_DIMENSIONS).join(', ')}${shape.length > SHOWN_DIMENSIONS ? ', ...' : ''}`;

/** The parts of a file, as version 1 has it: its values begin at a multiple of 64 bytes. */
export function encodeNpy({ shape, values }: NamedTensor): readonly [header: Uint8Array, values: Uint8Array] {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const prefix = Buffer.from([...Buffer.from(MAGIC, 'latin1'), 1, 0, 0, 0]);
  const length = 64 * Math.ceil((prefix.length + text.length + 1) / 64) - prefix.length;
  prefix.writeUInt16LE(length, MAGIC.length + 2);
  const header = Buffer.concat([prefix, Buffer.from(`${text.padEnd(length - 1)}\n`)]);
  return [header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];
}

function parseHeader(bytes: Buffer, file: string) {
  const lengthBytes = LENGTH_BYTES.get(bytes[6]) ?? 0;
  const begin = MAGIC.length + 2 + lengthBytes;
  const isNpy =
    bytes.toString('latin1', 0, MAGIC.length) === MAGIC && lengthBytes > 0 && bytes.length >= begin;
  const end = isNpy ? begin + bytes.readUIntLE(MAGIC.length + 2, lengthBytes) : 0;
  const header = bytes.toString('latin1', begin, end);
  const order = /'fortran_order': *(True|False)/.exec(header)?.[1];
  const shape = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  if (order === undefined || shape === undefined || end > bytes.length) {
    throw new TslrecError(
      'bad-data',
      `${file} is not what np.save writes (versions 1 to 3 of the format): its header cannot be read; save ` +
        'it again',
    );
  }
  return {
    /** Undefined where elements have fields: their type is a list, not a string. */
    dtype: /'descr': *'([^']*)'/.exec(header)?.[1],
    inFortranOrder: order === 'True',
    shape: Array.from(shape.matchAll(/\d+/g), Number),
    end,
  };
}

/** [width, rows] -> [rows, width]. */
function transposed(values: Float32Array, width: number): Float32Array {
  const rows = values.length / width;
  return values.map((_, i) => values[(i % width) * rows + Math.floor(i / width)]);
}
