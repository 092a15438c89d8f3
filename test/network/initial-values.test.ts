import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildModel,
  type Initializer,
  initialValues,
  normal,
  ones,
  xavier,
  zeros,
} from '../../src/network/scope.ts';
import { createRandom } from '../../src/random.ts';

const start = (names: readonly string[], initializer: Initializer, seed = 1, shape = [2, 3]) => {
  const { parameters } = buildModel('training', (scope) =>
    names.map((name) => scope.parameter(name, shape, initializer)),
  );
  return initialValues(parameters, createRandom(seed));
};
const valuesOf = (initializer: Initializer) => start(['w'], initializer, 1, [100, 300]).get('w')!.values;

for (const [what, initializer, deviation] of [
  ['normal of 0.02', normal(0.02), 0.02],
  ["Glorot's normal of [100, 300], sqrt(2 / 400)", xavier, Math.sqrt(2 / 400)],
] as const) {
  test(`${what}: mean 0 and that deviation`, () => {
    const values = valuesOf(initializer);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const square = values.reduce((sum, x) => sum + x * x, 0) / values.length;
    // Over 30,000 numbers these two have standard errors of 0.006 and 0.004 of the deviation.
    assert.ok(Math.abs(mean) < 0.03 * deviation, `mean ${mean}`);
    assert.ok(Math.abs(Math.sqrt(square) / deviation - 1) < 0.03, `deviation ${Math.sqrt(square)}`);
  });
}

test('biases start from 0 and scales from 1', () => {
  assert.ok(valuesOf(zeros).every((x) => x === 0));
  assert.ok(valuesOf(ones).every((x) => x === 1));
});

test('each parameter starts from numbers of its own, which another one beside it does not change', () => {
  const both = start(['first', 'second'], normal(1));
  assert.notDeepEqual(both.get('first'), both.get('second'));
  assert.deepEqual(start(['second'], normal(1)).get('second'), both.get('second'));
  assert.notDeepEqual(start(['second'], normal(1), 2).get('second'), both.get('second'));
});
