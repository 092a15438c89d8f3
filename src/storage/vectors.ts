// Vectors as pgvector writes them: "[0.1,-2,3]". Nine digits carry every float32 exactly; what comes back are
// the shortest decimals that round to the same float32, which is also what JSON should carry.

export function vectorText(values: Float32Array): string {
  return `[${Array.from(values, (value) => (value === 0 ? '0' : value.toPrecision(9))).join(',')}]`;
}

export function parseVector(text: string): number[] {
  return JSON.parse(text);
}

/** Row `row` of a row-major matrix, without copying. */
export function rowOf(matrix: Float32Array, row: number, width: number): Float32Array {
  return matrix.subarray(row * width, (row + 1) * width);
}
