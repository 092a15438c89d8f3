// What to look at before trusting a set of item vectors. Legend: N items, d width.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

export interface VectorQuality {
  /** exp(entropy of the normalised covariance spectrum), 1 to d: how many directions are really used (Roy and Vetterli 2007). */
  readonly effectiveRank: number;
  /** Mean cosine of two items: near 1 the vectors are anisotropic and say little. */
  readonly meanCosine: number;
  readonly norms: { readonly mean: number; readonly deviation: number };
}

export function vectorQuality(vectors: Float32Array, d: number): VectorQuality {
  const N = vectors.length / d;
  const norms = Float64Array.from({ length: N }, (_, i) => Math.hypot(...vectors.subarray(i * d, (i + 1) * d)));
  const meanNorm = norms.reduce((sum, norm) => sum + norm, 0) / N;
  const variance = norms.reduce((sum, norm) => sum + (norm - meanNorm) ** 2, 0) / N;
  // The mean over all pairs of unit rows is (|sum of rows|^2 - N) / (N (N - 1)).
  const sum = new Float64Array(d);
  const mean = new Float64Array(d);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < d; j++) {
      sum[j] += vectors[i * d + j] / Math.max(norms[i], 1e-12);
      mean[j] += vectors[i * d + j] / N;
    }
  }
  const meanCosine = (sum.reduce((total, x) => total + x * x, 0) - N) / (N * (N - 1));
  return {
    effectiveRank: effectiveRank(vectors, mean),
    meanCosine,
    norms: { mean: meanNorm, deviation: Math.sqrt(variance) },
  };
}

function effectiveRank(vectors: Float32Array, mean: Float64Array): number {
  const d = mean.length;
  const covariance = Array.from({ length: d }, () => new Float64Array(d));
  for (let from = 0; from < vectors.length; from += d) {
    for (let j = 0; j < d; j++) {
      const x = vectors[from + j] - mean[j];
      for (let k = 0; k < d; k++) covariance[j][k] += x * (vectors[from + k] - mean[k]);
    }
  }
  const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(covariance), { assumeSymmetric: true });
  const positive = realEigenvalues.map((value) => Math.max(value, 0));
  const total = positive.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 1;
  const entropy = positive.reduce(
    (sum, value) => (value > 0 ? sum - (value / total) * Math.log(value / total) : sum),
    0,
  );
  return Math.exp(entropy);
}
