import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../src/random.ts';

const COUNT = 20_000;
const drawn = <T>(draw: () => T): T[] => Array.from({ length: COUNT }, draw);
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

test('next is uniform in [0, 1), integer in [0, bound)', () => {
  const random = createRandom('uniform');
  const numbers = drawn(random.next);
  assert.ok(numbers.every((x) => x >= 0 && x < 1));
  // The standard error of a tenth's share is 0.002.
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = numbers.filter((x) => Math.floor(10 * x) === tenth).length / COUNT;
    assert.ok(Math.abs(share - 0.1) < 0.015, `${share} in tenth ${tenth}`);
  }
  assert.deepEqual(
    [...new Set(drawn(() => random.integer(3)))].sort((a, b) => a - b),
    [0, 1, 2],
  );
});

test('normal has mean 0, variance 1, and 5 % beyond 1.96', () => {
  const numbers = drawn(createRandom('normal').normal);
  assert.ok(Math.abs(mean(numbers)) < 0.04);
  assert.ok(Math.abs(mean(numbers.map((x) => x * x)) - 1) < 0.06);
  const beyond = numbers.filter((x) => Math.abs(x) > 1.96).length / COUNT;
  assert.ok(Math.abs(beyond - 0.05) < 0.01, `${beyond}`);
});

test('shuffle gives each of the six orders of three a sixth of the time', () => {
  const random = createRandom('shuffle');
  const orders = Map.groupBy(
    drawn(() => random.shuffle([1, 2, 3]).join()),
    (order) => order,
  );
  assert.equal(orders.size, 6);
  // The standard error of a share is 0.0026; a naive shuffle gives 4 and 5 of 27.
  for (const [order, { length }] of orders)
    assert.ok(Math.abs(length / COUNT - 1 / 6) < 0.013, `${order}: ${length}`);
});

test('a stream follows from its seed and name, and from nothing else', () => {
  const parent = createRandom('seed');
  const first = parent.fork('a').next();
  parent.next();
  assert.equal(parent.fork('a').next(), first);
  assert.notEqual(parent.fork('b').next(), first);
  assert.notEqual(createRandom('another').fork('a').next(), first);
});
