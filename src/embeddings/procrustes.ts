// Two tables of the same items, learnt apart, may say the same in directions of their own. The orthogonal
// Procrustes problem (Schoenemann 1966) finds the rotation that brings one nearest to the other:
//   R = argmin |A R - B|_F over orthogonal R;  A^T B = U S V^T  ->  R = U V^T
// which changes no length and no angle inside A. Equal to scipy.linalg.orthogonal_procrustes.
//   n rows, d width; matrices are row-major.
import { Matrix, SingularValueDecomposition } from 'ml-matrix';

/** A, B [n, d] -> R [d, d]. */
export function orthogonalProcrustes(A: Float32Array, B: Float32Array, d: number): Float64Array {
  const products = Array.from({ length: d }, () => new Float64Array(d));
  for (let row = 0; row < A.length; row += d) {
    for (let i = 0; i < d; i++) {
      const a = A[row + i];
      const target = products[i];
      for (let j = 0; j < d; j++) target[j] += a * B[row + j];
    }
  }
  const { leftSingularVectors: U, rightSingularVectors: V } = new SingularValueDecomposition(
    new Matrix(products),
  );
  const R = U.mmul(V.transpose());
  return Float64Array.from(R.to1DArray());
}

/** rows [n, d] R. */
export function rotateRows(rows: Float32Array, R: Float64Array): Float32Array {
  const d = Math.sqrt(R.length);
  const rotated = new Float32Array(rows.length);
  const sum = new Float64Array(d);
  for (let row = 0; row < rows.length; row += d) {
    sum.fill(0);
    for (let i = 0; i < d; i++) {
      const x = rows[row + i];
      for (let j = 0; j < d; j++) sum[j] += x * R[i * d + j];
    }
    rotated.set(sum, row);
  }
  return rotated;
}

/** Cosine of each row of A with the same one of B [n]; 0 where one of them is zero. */
export function rowCosines(A: Float32Array, B: Float32Array, d: number): Float64Array {
  return Float64Array.from({ length: A.length / d }, (_, row) => {
    let [product, a, b] = [0, 0, 0];
    for (let i = row * d; i < (row + 1) * d; i++) {
      product += A[i] * B[i];
      a += A[i] ** 2;
      b += B[i] ** 2;
    }
    return a > 0 && b > 0 ? product / Math.sqrt(a * b) : 0;
  });
}
