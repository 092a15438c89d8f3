// Vector files as NumPy would write them, for tests that need a small or a wrong one: float32 in C order, if
// nothing else is said.

export interface NpyHeader {
  readonly version?: number;
  readonly descr?: string;
  readonly shape?: string;
  readonly fortranOrder?: 'True' | 'False';
}

export function npy(
  rows: readonly (readonly number[])[],
  {
    version = 1,
    descr = "'<f4'",
    shape = `(${rows.length}, ${rows[0]?.length ?? 0})`,
    fortranOrder = 'False',
  }: NpyHeader = {},
): Buffer {
  const text = `{'descr': ${descr}, 'fortran_order': ${fortranOrder}, 'shape': ${shape}, }\n`;
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]);
  return Buffer.concat([
    magic,
    length,
    Buffer.from(text),
    Buffer.from(Float32Array.from(rows.flat()).buffer),
  ]);
}
