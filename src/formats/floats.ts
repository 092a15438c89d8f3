// Floating-point numbers as files hold them (little-endian, in one of four formats) -> float32, in which
// everything here computes.

interface Format {
  readonly bytes: number;
  readonly decode: (values: ArrayBuffer) => Float32Array;
}

const FORMATS = {
  F64: { bytes: 8, decode: (values) => Float32Array.from(new Float64Array(values)) },
  F32: { bytes: 4, decode: (values) => new Float32Array(values) },
  F16: { bytes: 2, decode: (values) => fromHalves(new Uint16Array(values)) },
  // bfloat16 is the upper half of a float32.
  BF16: { bytes: 2, decode: (values) => upperHalves(new Uint16Array(values)) },
} as const satisfies Record<string, Format>;

export type FloatFormat = keyof typeof FORMATS;

export const isFloatFormat = (name: string): name is FloatFormat => Object.hasOwn(FORMATS, name);

export const bytesOf = (format: FloatFormat): number => FORMATS[format].bytes;

export function decodeFloats(bytes: Uint8Array, format: FloatFormat): Float32Array {
  return decodeBuffer(new Uint8Array(bytes).buffer, format);
}

/** The same of a buffer that is nobody else's: float32 is then not copied. */
export const decodeBuffer = (buffer: ArrayBuffer, format: FloatFormat): Float32Array =>
  FORMATS[format].decode(buffer);

// Plain loops: a model has hundreds of millions of numbers, and a callback for each takes twenty times as
// long.

function upperHalves(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}

/**
 * IEEE 754 half precision: 1 bit of sign, 5 of exponent e, 10 of fraction f. In float32 the exponent has 8
 * bits and begins at -127 instead of -15, the fraction has 23.
 */
function fromHalves(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const sign = (halves[i] & 0x8000) << 16;
    const e = (halves[i] >> 10) & 0x1f;
    const f = halves[i] & 0x3ff;
    if (e === 0) values[i] = (sign === 0 ? f : -f) * 2 ** -24;
    else bits[i] = sign | ((e === 0x1f ? 0xff : e + 112) << 23) | (f << 13);
  }
  return values;
}
