// Principal components of item features: the simple adaptation. The order of the components makes a prefix of
// each vector a valid smaller embedding. Legend: N items, F features, d width.
import { spectrum } from './spectrum.ts';

export interface Pca {
  /** Column means [F]. */
  readonly mean: Float32Array;
  /** Principal directions as columns, strongest first, divided by their deviation when whitened [F, d]. */
  readonly components: Float32Array;
  readonly width: number;
  /** Length of every row that comes out. */
  readonly scale: number;
}

export interface PcaOptions {
  readonly width: number;
  /** Every direction gets the same variance. */
  readonly whiten: boolean;
  readonly scale: number;
}

/** Fits on features [N, F]; the width is at most F. */
export function fitPca(features: Float32Array, F: number, options: PcaOptions): Pca {
  const { mean, variances, direction } = spectrum(features, F);
  const width = Math.min(options.width, F);
  const components = new Float32Array(F * width);
  for (let c = 0; c < width; c++) {
    const divisor = options.whiten ? Math.sqrt(Math.max(variances[c], 1e-9)) : 1;
    for (let j = 0; j < F; j++) components[j * width + c] = direction(c, j) / divisor;
  }
  return { mean: Float32Array.from(mean), components, width, scale: options.scale };
}

/** features [N, F] -> [N, d], each row scaled to the fitted length (a row at the mean stays zero). */
export function applyPca({ mean, components, width, scale }: Pca, features: Float32Array): Float32Array {
  const F = mean.length;
  const N = features.length / F;
  const vectors = new Float32Array(N * width);
  for (let i = 0; i < N; i++) {
    const row = vectors.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < F; j++) {
      const x = features[i * F + j] - mean[j];
      for (let c = 0; c < width; c++) row[c] += x * components[j * width + c];
    }
    const length = Math.hypot(...row);
    if (length > 1e-9) for (let c = 0; c < width; c++) row[c] *= scale / length;
  }
  return vectors;
}
