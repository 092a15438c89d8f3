// Items by how near their vectors are. A tie goes to the lower index.

/** The first k of the candidates by falling score. */
export function bestOf(scores: ArrayLike<number>, candidates: readonly number[], k: number): number[] {
  return candidates.toSorted((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
}

/** Rows of length one; a row of zeros stays, and has a cosine of 0 with every other. */
export function unitRows(vectors: Float32Array, width: number): Float32Array {
  const rows = Float32Array.from(vectors);
  for (let start = 0; start < rows.length; start += width) {
    const row = rows.subarray(start, start + width);
    const length = Math.hypot(...row);
    for (let j = 0; j < width; j++) row[j] /= length || 1;
  }
  return rows;
}

/** Cosines of one item with all [N]; `rows` are of length one. */
export function cosines(rows: Float32Array, width: number, item: number): Float64Array {
  const own = rows.subarray(item * width, (item + 1) * width);
  return Float64Array.from({ length: rows.length / width }, (_, other) => {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += own[j] * rows[other * width + j];
    return sum;
  });
}

/** Column means taken away: language-model vectors have a common direction. */
export function centred(vectors: Float32Array, width: number): Float32Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < vectors.length; i++) mean[i % width] += (vectors[i] * width) / vectors.length;
  return vectors.map((x, i) => x - mean[i % width]);
}
