// How alike two groupings of the same rows are, whatever the groups are called: 1 for the same groups, about
// 0 for groups at random (Hubert & Arabie 1985, "Comparing partitions", equation 5).

/**
 * Rows that are -1 (in no group) in either are left out. Two groupings without any pair to tell apart give 1.
 */
export function adjustedRandIndex(a: Int32Array, b: Int32Array): number {
  const sizeA = new Map<number, number>();
  const sizeB = new Map<number, number>();
  const sizeBoth = new Map<string, number>();
  let n = 0;
  for (let row = 0; row < a.length; row++) {
    if (a[row] < 0 || b[row] < 0) continue;
    n++;
    count(sizeA, a[row]);
    count(sizeB, b[row]);
    count(sizeBoth, `${a[row]} ${b[row]}`);
  }
  const together = pairsWithin(sizeBoth);
  const pairsA = pairsWithin(sizeA);
  const pairsB = pairsWithin(sizeB);
  const expected = (pairsA * pairsB) / Math.max(pairs(n), 1);
  const most = (pairsA + pairsB) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}

function count<K>(sizes: Map<K, number>, key: K): void {
  sizes.set(key, (sizes.get(key) ?? 0) + 1);
}

const pairs = (n: number): number => (n * (n - 1)) / 2;

function pairsWithin<K>(sizes: Map<K, number>): number {
  let sum = 0;
  for (const size of sizes.values()) sum += pairs(size);
  return sum;
}
