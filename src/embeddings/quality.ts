// What to look at before trusting a set of item vectors. Legend: N items, d width.
import { spectrum } from './spectrum.ts';

export interface VectorQuality {
  /**
   * exp(entropy of the normalised covariance spectrum), 1 to d: how many directions are really used (Roy and
   * Vetterli 2007).
   */
  readonly effectiveRank: number;
  /** Mean cosine of two items: near 1 the vectors are anisotropic and say little. */
  readonly meanCosine: number;
  readonly norms: { readonly mean: number; readonly deviation: number };
}

export function vectorQuality(vectors: Float32Array, d: number): VectorQuality {
  const N = vectors.length / d;
  const norms = Float64Array.from({ length: N }, (_, i) =>
    Math.hypot(...vectors.subarray(i * d, (i + 1) * d)),
  );
  const mean = norms.reduce((sum, norm) => sum + norm, 0) / N;
  const variance = norms.reduce((sum, norm) => sum + (norm - mean) ** 2, 0) / N;
  // The mean over all pairs of unit rows is (|sum of rows|^2 - N) / (N (N - 1)).
  const sum = new Float64Array(d);
  for (let i = 0; i < vectors.length; i++)
    sum[i % d] += vectors[i] / Math.max(norms[Math.floor(i / d)], 1e-12);
  const meanCosine = (sum.reduce((total, x) => total + x * x, 0) - N) / (N * (N - 1));
  return {
    effectiveRank: effectiveRank(vectors, d),
    meanCosine,
    norms: { mean, deviation: Math.sqrt(variance) },
  };
}

function effectiveRank(vectors: Float32Array, d: number): number {
  const { variances } = spectrum(vectors, d);
  const total = variances.reduce((sum, value) => sum + value, 0);
  const shares = [...variances].map((value) => value / total).filter((share) => share > 0);
  return Math.exp(-shares.reduce((sum, share) => sum + share * Math.log(share), 0));
}
