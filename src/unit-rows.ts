// Rows by their direction alone.

/**
 * matrix [N, width] -> each row scaled to length 1; a row of zeros stays. Double precision, which the engine
 * computes faster than it converts.
 */
export function unitRows(matrix: Float32Array | Float64Array, width: number): Float64Array {
  const unit = new Float64Array(matrix.length);
  for (let start = 0; start < matrix.length; start += width) {
    let squares = 0;
    for (let j = start; j < start + width; j++) squares += matrix[j] * matrix[j];
    const norm = Math.sqrt(squares) || 1;
    for (let j = start; j < start + width; j++) unit[j] = matrix[j] / norm;
  }
  return unit;
}
