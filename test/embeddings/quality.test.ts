import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vectorQuality } from '../../src/embeddings/quality.ts';
import { spectrum } from '../../src/embeddings/spectrum.ts';

const close = (got: number, wanted: number) => assert.ok(Math.abs(got - wanted) < 1e-6, `${got}, ${wanted}`);

// Variances 9 * 2 / 4 along the first axis, 1 * 2 / 4 along the second: nine tenths and one tenth.
const cross = Float32Array.of(3, 0, -3, 0, 0, 1, 0, -1);

test('quality by hand: effective rank from the shares of variance, mean cosine, lengths', () => {
  const { effectiveRank, meanCosine, norms } = vectorQuality(cross, 2);
  close(effectiveRank, Math.exp(-0.9 * Math.log(0.9) - 0.1 * Math.log(0.1)));
  close(meanCosine, -2 / 6); // of six pairs two are opposite, four at right angles
  close(norms.mean, 2);
  close(norms.deviation, 1);
});

test('rows of one direction and two lengths: one direction is used, all cosines are 1', () => {
  const { effectiveRank, meanCosine, norms } = vectorQuality(Float32Array.of(3, 4, 6, 8), 2);
  close(effectiveRank, 1);
  close(meanCosine, 1);
  close(norms.mean, 7.5);
  close(norms.deviation, 2.5);
});

test('the spectrum is around the mean, the strongest direction first', () => {
  const moved = cross.map((x, i) => x + (i % 2 === 0 ? 100 : -7));
  const { mean, variances, direction } = spectrum(moved, 2);
  assert.deepEqual([...mean], [100, -7]);
  close(variances[0], 4.5);
  close(variances[1], 0.5);
  close(Math.abs(direction(0, 0)), 1);
  close(Math.abs(direction(1, 1)), 1);
});
