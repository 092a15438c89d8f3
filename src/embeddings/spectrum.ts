// The principal directions of row vectors. Legend: N rows, F columns.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

export interface Spectrum {
  /** Column means [F]. */
  readonly mean: Float64Array;
  /** Variances along the principal directions, strongest first [F]; never negative. */
  readonly variances: Float64Array;
  /** Entry j of the c-th direction. */
  direction(c: number, j: number): number;
}

/** Eigenvalues and eigenvectors of the covariance of values [N, F]. */
export function spectrum(values: Float32Array, F: number): Spectrum {
  const N = values.length / F;
  const mean = new Float64Array(F);
  for (let i = 0; i < values.length; i++) mean[i % F] += values[i] / N;
  const covariance = Array.from({ length: F }, () => new Float64Array(F));
  const row = new Float64Array(F);
  for (let from = 0; from < values.length; from += F) {
    for (let j = 0; j < F; j++) row[j] = values[from + j] - mean[j];
    for (let j = 0; j < F; j++) {
      const target = covariance[j];
      const x = row[j] / N;
      for (let k = 0; k < F; k++) target[k] += x * row[k];
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(covariance), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  return {
    mean,
    variances: Float64Array.from(order, (i) => Math.max(realEigenvalues[i], 0)),
    direction: (c, j) => eigenvectorMatrix.get(j, order[c]),
  };
}
