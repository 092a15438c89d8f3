// The rotation that brings one table nearest to another, against SciPy (test/fixtures/procrustes.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { orthogonalProcrustes, rotateRows, rowCosines } from '../../src/embeddings/procrustes.ts';
import { createRandom } from '../../src/random.ts';

interface Fixture {
  readonly rotations: readonly {
    readonly d: number;
    readonly a: number[];
    readonly b: number[];
    readonly r: number[];
  }[];
}
const { rotations }: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/procrustes.json', import.meta.url), 'utf8'),
);

const near = (one: ArrayLike<number>, other: ArrayLike<number>, within: number) => {
  assert.equal(one.length, other.length);
  for (let i = 0; i < one.length; i++)
    assert.ok(Math.abs(one[i] - other[i]) < within, `${i}: ${one[i]}, ${other[i]}`);
};

test('the rotation is the one that SciPy finds', () => {
  for (const { d, a, b, r } of rotations)
    near(orthogonalProcrustes(Float32Array.from(a), Float32Array.from(b), d), r, 1e-9);
});

test('a table that was turned comes back, and keeps its lengths', () => {
  const [{ r, d }] = rotations;
  const random = createRandom('procrustes');
  const A = Float32Array.from({ length: 20 * d }, () => random.normal());
  const turned = rotateRows(A, Float64Array.from(r));
  near(rotateRows(turned, orthogonalProcrustes(turned, A, d)), A, 1e-5);
  const length = (values: Float32Array) => Math.hypot(...values.subarray(0, d));
  assert.ok(Math.abs(length(turned) - length(A)) < 1e-5);
});

test('cosines are by row, and 0 where a row is zero', () => {
  const A = Float32Array.of(1, 0, 3, 4, 0, 0);
  const B = Float32Array.of(0, 2, 6, 8, 1, 1);
  assert.deepEqual([...rowCosines(A, B, 2)], [0, 1, 0]);
});
