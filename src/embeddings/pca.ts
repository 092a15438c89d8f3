// Principal components of item features: what is compared with the adaptation that is learnt. Legend: N
// items, F features, d width.
import { spectrum } from './spectrum.ts';

export interface PcaOptions {
  /** d. */
  readonly width: number;
  /** Length of every row that comes out. */
  readonly rowLength: number;
}

/**
 * features [N, F] -> their coordinates along the d strongest directions [N, d], each row scaled to one
 * length; a row at the mean stays zero, and so do the columns beyond F.
 */
export function principalComponents(
  features: Float32Array,
  F: number,
  { width, rowLength }: PcaOptions,
): Float32Array {
  const { mean, direction } = spectrum(features, F);
  const N = features.length / F;
  const vectors = new Float32Array(N * width);
  const centred = new Float64Array(F);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < F; j++) centred[j] = features[i * F + j] - mean[j];
    const row = vectors.subarray(i * width, (i + 1) * width);
    for (let c = 0; c < Math.min(width, F); c++) {
      let sum = 0;
      for (let j = 0; j < F; j++) sum += centred[j] * direction(c, j);
      row[c] = sum;
    }
    const length = Math.hypot(...row);
    if (length > 1e-9) for (let c = 0; c < width; c++) row[c] *= rowLength / length;
  }
  return vectors;
}
