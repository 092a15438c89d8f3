import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairedRandomisationTest } from '../../src/evaluation/significance.ts';
import { createRandom } from '../../src/random.ts';

test('six differences of the same sign: 2 of 64 sign patterns are as far out, p is 1 / 32', () => {
  const p = pairedRandomisationTest(Float64Array.of(1, 2, 3, 4, 5, 6), new Float64Array(6));
  assert.ok(Math.abs(p - 1 / 32) < 0.006, `${p}`);
});

test('which of the two is better does not matter', () => {
  const [few, none] = [Float64Array.of(1, 2, 3, 4, 5, 6), new Float64Array(6)];
  assert.equal(pairedRandomisationTest(none, few), pairedRandomisationTest(few, none));
});

test('every user counts, however many: of 40 the last eight decide, 2 of 256 signs are as far out', () => {
  const differences = Float64Array.from({ length: 40 }, (_, user) => (user < 32 ? 1e-6 * (-1) ** user : 1));
  const p = pairedRandomisationTest(differences, new Float64Array(40));
  // Of 10,000 shuffles 78 are expected, give or take 9; half of them where the small ones pull back.
  assert.ok(p > 0.002 && p < 0.012, `${p}`);
});

test('p is never 0: what was seen counts as one of the shuffles', () => {
  assert.equal(pairedRandomisationTest(new Float64Array(40).fill(1), new Float64Array(40)), 1 / 10_001);
});

test('no difference at all: p is 1', () => {
  assert.equal(pairedRandomisationTest(Float64Array.of(1, 2), Float64Array.of(1, 2)), 1);
});

test('noise is seldom significant, a shift of a fifth of its spread over 1,000 users always', () => {
  const random = createRandom(7);
  const noise = () => Float64Array.from({ length: 1000 }, () => random.normal());
  const zeros = new Float64Array(1000);
  const found = Array.from({ length: 20 }, () => pairedRandomisationTest(noise(), zeros)).filter(
    (p) => p < 0.05,
  );
  assert.ok(found.length <= 4, `${found.length} of 20`);
  const shifted = noise().map((x) => x + 0.2);
  assert.ok(pairedRandomisationTest(shifted, zeros) < 0.001);
});
