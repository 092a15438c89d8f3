// Floating-point numbers as files hold them (little-endian, in one of four formats) -> float32, in which everything
// here computes.

interface Format {
  readonly bytes: number;
  readonly decode: (values: ArrayBuffer) => Float32Array;
}

const FORMATS = {
  F64: { bytes: 8, decode: (values) => Float32Array.from(new Float64Array(values)) },
  F32: { bytes: 4, decode: (values) => new Float32Array(values) },
  F16: { bytes: 2, decode: (values) => Float32Array.from(new Uint16Array(values), fromHalf) },
  // bfloat16 is the upper half of a float32.
  BF16: {
    bytes: 2,
    decode: (values) => new Float32Array(Uint32Array.from(new Uint16Array(values), (half) => half << 16).buffer),
  },
} as const satisfies Record<string, Format>;

export type FloatFormat = keyof typeof FORMATS;

export const isFloatFormat = (name: string): name is FloatFormat => Object.hasOwn(FORMATS, name);

export const bytesOf = (format: FloatFormat): number => FORMATS[format].bytes;

export function decodeFloats(bytes: Uint8Array, format: FloatFormat): Float32Array {
  return FORMATS[format].decode(new Uint8Array(bytes).buffer);
}

/** IEEE 754 half precision: 1 bit of sign, 5 of exponent e, 10 of fraction f. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const e = (bits >> 10) & 0x1f;
  const f = bits & 0x3ff;
  if (e === 0x1f) return f === 0 ? sign * Infinity : Number.NaN;
  return sign * (e === 0 ? f * 2 ** -24 : (1 + f / 1024) * 2 ** (e - 15));
}
