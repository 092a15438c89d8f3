// Items by how near their vectors are. A tie goes to the lower index.

/** The first k of the candidates by falling score. */
export function bestOf(scores: ArrayLike<number>, candidates: readonly number[], k: number): number[] {
  return candidates.toSorted((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
}

/** Cosines of one item with all [N]; `rows` are of length one. */
export function cosines(rows: Float64Array, width: number, item: number): Float64Array {
  const own = rows.subarray(item * width, (item + 1) * width);
  return Float64Array.from({ length: rows.length / width }, (_, other) => {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += own[j] * rows[other * width + j];
    return sum;
  });
}
