// The leading singular vectors of a sparse matrix by randomised subspace iteration: Halko, Martinsson & Tropp
// 2011 (arXiv 0909.4061), Algorithm 4.4 for the range, with changes that suit tall vocabularies:
//   - the iteration is with A A^T, from random numbers for the rows, and only on the side of the rows (Q is
//     [N, l]) is a basis made orthonormal, since the other side, one row a term, is many times longer;
//   - the small problem is the symmetric one of Q^T A A^T Q (their section 5.3) instead of an SVD of Q^T A.
//     Singular values below 1e-6 of the largest drown in its rounding and are left out.
//   A [N, F] sparse, l = rank + OVERSAMPLING columns of Q, each a Float64Array of N; V [F, rank].
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { createRandom } from '../random.ts';
import type { SparseMatrix } from './tf-idf.ts';

export interface TruncatedSvd {
  /** Falling. Fewer than asked for where the matrix has no more. */
  readonly singularValues: Float64Array;
  /**
   * V [F, rank], row-major: v_j = A^T u_j / s_j, signed so that its largest entry is positive (scikit-learn's
   * svd_flip).
   */
  readonly components: Float32Array;
}

const OVERSAMPLING = 10;
const ITERATIONS = 5;
const SMALLEST_SHARE = 1e-6;
/** What is left of a column that the others span: rounding. */
const SPANNED = 1e-12;

export function truncatedSvd(a: SparseMatrix, rank: number, seed: string | number): TruncatedSvd {
  const l = Math.min(rank + OVERSAMPLING, a.rowCount, a.columnCount);
  const random = createRandom(seed).fork('truncated-svd');
  let q: Float64Array[] = Array.from({ length: l }, () =>
    Float64Array.from({ length: a.rowCount }, random.normal),
  );
  for (let iteration = 0; iteration < ITERATIONS; iteration++) q = orthonormalise(gram(a, q));
  if (q.length === 0) return { singularValues: new Float64Array(0), components: new Float32Array(0) };

  // S = Q^T A A^T Q = W diag(s^2) W^T, then U = Q W.
  const aaq = gram(a, q);
  const small = Matrix.zeros(q.length, q.length);
  for (let i = 0; i < q.length; i++)
    for (let j = 0; j <= i; j++) {
      const value = dot(q[i], aaq[j]);
      small.set(i, j, value);
      small.set(j, i, value);
    }
  const { realEigenvalues, eigenvectorMatrix: w } = new EigenvalueDecomposition(small, {
    assumeSymmetric: true,
  });
  const order = [...realEigenvalues.keys()].sort((i, j) => realEigenvalues[j] - realEigenvalues[i]);
  const s = (index: number) => Math.sqrt(Math.max(0, realEigenvalues[index]));
  const kept = order.slice(0, rank).filter((index) => s(index) > SMALLEST_SHARE * s(order[0]));
  const components = new Float32Array(a.columnCount * kept.length);
  kept.forEach((index, j) => {
    const u = new Float64Array(a.rowCount);
    for (let i = 0; i < q.length; i++) addScaled(u, w.get(i, index), q[i]);
    const v = multiplyTransposed(a, u);
    let largest = 0;
    for (let term = 0; term < v.length; term++) if (Math.abs(v[term]) > Math.abs(largest)) largest = v[term];
    const scale = Math.sign(largest) / s(index);
    for (let term = 0; term < v.length; term++) components[term * kept.length + j] = v[term] * scale;
  });
  return { singularValues: Float64Array.from(kept, s), components };
}

/** A^T y, of length F. */
function multiplyTransposed(a: SparseMatrix, y: Float64Array): Float64Array {
  const x = new Float64Array(a.columnCount);
  for (let row = 0; row < a.rowCount; row++) {
    for (let e = a.rowStart[row]; e < a.rowStart[row + 1]; e++) x[a.columns[e]] += a.values[e] * y[row];
  }
  return x;
}

/**
 * A A^T y for each column y. Four columns go through the matrix together, side by side in x = A^T y [F, 4],
 * so that each entry and each of the scattered places in x is visited once for the four; the last column
 * fills a short group.
 */
function gram(a: SparseMatrix, columns: readonly Float64Array[]): Float64Array[] {
  const { rowCount, columnCount, rowStart, columns: termOf, values } = a;
  const products = columns.map(() => new Float64Array(rowCount));
  const x = new Float64Array(4 * columnCount);
  for (let first = 0; first < columns.length; first += 4) {
    const group = [0, 1, 2, 3].map((i) => Math.min(first + i, columns.length - 1));
    const [y0, y1, y2, y3] = group.map((i) => columns[i]);
    const [z0, z1, z2, z3] = group.map((i) => products[i]);
    x.fill(0);
    for (let row = 0; row < rowCount; row++)
      for (let e = rowStart[row]; e < rowStart[row + 1]; e++) {
        const at = 4 * termOf[e];
        x[at] += values[e] * y0[row];
        x[at + 1] += values[e] * y1[row];
        x[at + 2] += values[e] * y2[row];
        x[at + 3] += values[e] * y3[row];
      }
    for (let row = 0; row < rowCount; row++) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let e = rowStart[row]; e < rowStart[row + 1]; e++) {
        const at = 4 * termOf[e];
        s0 += values[e] * x[at];
        s1 += values[e] * x[at + 1];
        s2 += values[e] * x[at + 2];
        s3 += values[e] * x[at + 3];
      }
      z0[row] = s0;
      z1[row] = s1;
      z2[row] = s2;
      z3[row] = s3;
    }
  }
  return products;
}

/**
 * Modified Gram-Schmidt. A column that loses most of its length is cleaned a second time, since rounding is
 * then a larger share of what is left ("twice is enough", Parlett 1998, section 6.9); one that the others
 * span already is dropped. Works in place.
 */
function orthonormalise(columns: Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const column of columns) {
    const length = Math.sqrt(dot(column, column));
    let norm = length;
    let before: number;
    do {
      before = norm;
      for (const b of basis) addScaled(column, -dot(b, column), b);
      norm = Math.sqrt(dot(column, column));
    } while (norm < 0.1 * before && norm > SPANNED * length);
    if (norm <= SPANNED * length) continue;
    for (let i = 0; i < column.length; i++) column[i] /= norm;
    basis.push(column);
  }
  return basis;
}

/** Four sums at a time: no addition waits for the one before it. */
function dot(a: Float64Array, b: Float64Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 4 <= a.length; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < a.length; i++) s0 += a[i] * b[i];
  return s0 + s1 + s2 + s3;
}

/** target += factor * source */
function addScaled(target: Float64Array, factor: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * source[i];
}
