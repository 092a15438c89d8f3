// Categories that were found anew have other numbers. Which old one each of them is, as far as one is: the
// one-to-one matching that keeps most items together, by the Hungarian method (Kuhn 1955) in the form with
// potentials, one shortest augmenting path a row.
//   K old and L new categories, N items.
import { NO_CATEGORY } from './k-means.ts';

/**
 * For each new category the old one that it is matched with, or NO_CATEGORY where there are more new ones or
 * the two share no item. Items without a category on either side do not count.
 */
export function matchCategories(
  before: Int32Array,
  after: Int32Array,
  [K, L]: readonly [K: number, L: number],
): Int32Array {
  const size = Math.max(K, L);
  const shared = Array.from({ length: size }, () => new Float64Array(size));
  before.forEach((old, item) => {
    if (old !== NO_CATEGORY && after[item] !== NO_CATEGORY) shared[after[item]][old]++;
  });
  const matched = assignAtLeastCost(shared.map((row) => row.map((items) => -items)));
  return Int32Array.from({ length: L }, (_, category) => {
    const old = matched[category];
    return old < K && shared[category][old] > 0 ? old : NO_CATEGORY;
  });
}

/** costs [n, n] -> the column of each row, each column once, of least total cost. */
export function assignAtLeastCost(costs: readonly Float64Array[]): Int32Array {
  const n = costs.length;
  // Rows and columns count from 1; 0 stands for none.
  const ofRow = new Float64Array(n + 1);
  const ofColumn = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1);
  for (let row = 1; row <= n; row++) {
    const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
    const from = new Int32Array(n + 1);
    const isUsed = new Uint8Array(n + 1);
    rowOf[0] = row;
    let column = 0;
    while (rowOf[column] !== 0) {
      isUsed[column] = 1;
      const current = rowOf[column];
      let [delta, next] = [Number.POSITIVE_INFINITY, 0];
      for (let j = 1; j <= n; j++) {
        if (isUsed[j]) continue;
        const reduced = costs[current - 1][j - 1] - ofRow[current] - ofColumn[j];
        if (reduced < least[j]) {
          least[j] = reduced;
          from[j] = column;
        }
        if (least[j] < delta) {
          delta = least[j];
          next = j;
        }
      }
      for (let j = 0; j <= n; j++) {
        if (isUsed[j]) {
          ofRow[rowOf[j]] += delta;
          ofColumn[j] -= delta;
        } else least[j] -= delta;
      }
      column = next;
    }
    while (column !== 0) {
      rowOf[column] = rowOf[from[column]];
      column = from[column];
    }
  }
  const columnOf = new Int32Array(n);
  for (let column = 1; column <= n; column++) columnOf[rowOf[column] - 1] = column - 1;
  return columnOf;
}
