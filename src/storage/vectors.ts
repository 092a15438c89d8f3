// Vectors as pgvector writes them: "[0.1,-2,3]". Nine digits carry every float32 exactly, the sign of a zero
// too; what comes back are the shortest decimals that round to the same float32, which is also what JSON
// should carry.

const MOST_DIGITS = 9;
/** Every decimal of so many digits survives the way through a float32. */
const LEAST_DIGITS = 6;

export function vectorText(values: Float32Array): string {
  return `[${Array.from(values, valueText).join(',')}]`;
}

function valueText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return value.toPrecision(MOST_DIGITS);
}

/** float32 values as the numbers that JSON prints shortest: 0.8, not 0.800000011920929. */
export function shortestDecimals(values: Float32Array): number[] {
  return Array.from(values, (value) => {
    for (let digits = LEAST_DIGITS; digits < MOST_DIGITS; digits++) {
      const shorter = Number(value.toPrecision(digits));
      if (Math.fround(shorter) === value) return shorter;
    }
    return Number(value.toPrecision(MOST_DIGITS));
  });
}

export function parseVector(text: string): number[] {
  return JSON.parse(text);
}

/** Row `row` of a row-major matrix, without copying. */
export function rowOf(matrix: Float32Array, row: number, width: number): Float32Array {
  return matrix.subarray(row * width, (row + 1) * width);
}
