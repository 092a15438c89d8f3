// The losses on scores whose result can be written down. One position, d = 1, so that a score is h times an
// item's number.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Loss, labelInputs, lossOf } from '../../src/recommenders/training/losses.ts';
import { gradients } from '../../src/tensor/gradients.ts';
import { Graph } from '../../src/tensor/graph.ts';
import { createSession } from '../../src/tensor/session.ts';

const ITEMS = [2, 0, -1, 1, 3];

/** Two positions with h = 1 and h = 2, targets 0 and 3, weights 0.75 and 0.25. */
async function lossWith(loss: Loss, negatives?: Int32Array): Promise<number> {
  const graph = new Graph();
  const h = graph.input('h', [2, 1]);
  const E = graph.input('E', [ITEMS.length, 1]);
  const session = await createSession(graph, { loss: lossOf(loss, h, E, labelInputs(graph, loss, 2)) });
  const result = await session.run({
    h: Float32Array.of(1, 2),
    E: Float32Array.from(ITEMS),
    targets: Int32Array.of(0, 3),
    weights: Float32Array.of(0.75, 0.25),
    ...(negatives && { negatives }),
  });
  await session.release();
  return result.loss[0];
}

const logSigmoid = (x: number) => -Math.log(1 + Math.exp(-x));
/**
 * Binary cross-entropy of one position: beta of one right answer, k wrong ones, scores raised by what is
 * known without them.
 */
function binary(
  positive: number,
  negatives: readonly number[],
  { beta = 1, k = negatives.length } = {},
): number {
  const baseRate = Math.log(beta / k);
  return -negatives.reduce(
    (sum, negative) => sum + logSigmoid(-negative - baseRate),
    beta * logSigmoid(positive + baseRate),
  );
}
const close = (got: number, wanted: number) =>
  assert.ok(Math.abs(got - wanted) < 1e-5, `got ${got}, wanted ${wanted}`);

test('cross-entropy: -log of the softmax over the whole catalogue', async () => {
  const of = (h: number, target: number) =>
    Math.log(ITEMS.reduce((sum, item) => sum + Math.exp(h * item), 0)) - h * ITEMS[target];
  close(await lossWith({ kind: 'cross-entropy' }), 0.75 * of(1, 0) + 0.25 * of(2, 3));
});

test('binary cross-entropy: each position has negatives of its own', async () => {
  // Scores: 2 against 0 and -1; 2 against 6 and -2.
  const wanted = 0.75 * binary(2, [0, -1]) + 0.25 * binary(2, [6, -2]);
  close(await lossWith({ kind: 'bce', negatives: 2 }, Int32Array.of(1, 2, 4, 2)), wanted);
});

test('gBCE: a positive counts alpha (t (1 - 1 / alpha) + 1 / alpha); negatives are shared', async () => {
  // alpha = 2 / 4, t = 0.5: beta = 0.75
  const wanted = 0.75 * binary(2, [0, -1], { beta: 0.75 }) + 0.25 * binary(2, [0, -2], { beta: 0.75 });
  close(await lossWith({ kind: 'gbce', negatives: 2, calibration: 0.5 }, Int32Array.of(1, 2)), wanted);
});

test('gBCE of 41 positions: the first 21 share one set of negatives, the others the next', async () => {
  const [R, d] = [41, 1];
  const graph = new Graph();
  const loss: Loss = { kind: 'gbce', negatives: 1, calibration: 0 }; // beta = 1
  const [h, E] = [graph.input('h', [R, d]), graph.input('E', [ITEMS.length, d])];
  const session = await createSession(graph, { loss: lossOf(loss, h, E, labelInputs(graph, loss, R)) });
  for (const [position, wanted] of [
    [0, binary(0, [2])],
    [20, binary(0, [2])],
    [21, binary(0, [3])],
    [40, binary(0, [3])],
  ]) {
    const feeds = { h: new Float32Array(R).fill(1), E: Float32Array.from(ITEMS) };
    const result = await session.run({
      ...{ ...feeds, targets: new Int32Array(R).fill(1), negatives: Int32Array.of(0, 4) },
      weights: Float32Array.from({ length: R }, (_, r) => (r === position ? 1 : 0)),
    });
    close(result.loss[0], wanted);
  }
  await session.release();
});

test('a right item that was drawn as a negative does not count', async () => {
  // Item 0 is right for the first position, item 3 for the second.
  const bce = 0.75 * binary(2, [3], { k: 2 }) + 0.25 * binary(2, [4], { k: 2 });
  close(await lossWith({ kind: 'bce', negatives: 2 }, Int32Array.of(0, 4, 3, 0)), bce);
  const gbce = 0.75 * binary(2, [1], { k: 2 }) + 0.25 * binary(2, [4], { k: 2 });
  close(await lossWith({ kind: 'gbce', negatives: 2, calibration: 0 }, Int32Array.of(0, 3)), gbce);
  const won = 0.75 * -Math.log(1 / (1 + Math.exp(1 - 2))) + 0.25 * -Math.log(1 / (1 + Math.exp(4 - 2)));
  close(await lossWith({ kind: 'bpr-max', negatives: 2, regularisation: 0 }, Int32Array.of(0, 3)), won);
});

test('BPR-max: -log of the softmax-weighted chance to win, and large negative scores cost', async () => {
  const of = (positive: number, [a, b]: number[]) => {
    const s = Math.exp(a) / (Math.exp(a) + Math.exp(b));
    const won = s / (1 + Math.exp(a - positive)) + (1 - s) / (1 + Math.exp(b - positive));
    return -Math.log(won) + 0.5 * (s * a * a + (1 - s) * b * b);
  };
  const wanted = 0.75 * of(2, [0, -1]) + 0.25 * of(2, [0, -2]);
  close(await lossWith({ kind: 'bpr-max', negatives: 2, regularisation: 0.5 }, Int32Array.of(1, 2)), wanted);
});

test('where only right items were drawn as negatives, BPR-max is finite', async () => {
  // Both positions drew item 0 alone, which is right for the first: there is nothing to win against, s = (1).
  const loss: Loss = { kind: 'bpr-max', negatives: 1, regularisation: 1 };
  const second = 4 ** 2 - Math.log(1 / (1 + Math.exp(4 - 2)));
  close(await lossWith(loss, Int32Array.of(0)), 0.75 * 2 ** 2 + 0.25 * second);
});

for (const kind of ['bce', 'gbce'] as const) {
  test(`${kind} teaches an item whose vector is still zero`, async () => {
    const graph = new Graph();
    const h = graph.input('h', [1, 2]);
    const E = graph.input('E', [2, 2]);
    const loss: Loss = kind === 'bce' ? { kind, negatives: 1 } : { kind, negatives: 1, calibration: 0 };
    const [gradient] = gradients(lossOf(loss, h, E, labelInputs(graph, loss, 1)), [E]);
    const session = await createSession(graph, { gradient });
    const feeds = { targets: Int32Array.of(0), weights: Float32Array.of(1), negatives: Int32Array.of(1) };
    const result = await session.run({ h: Float32Array.of(3, -1), E: new Float32Array(4), ...feeds });
    await session.release();
    // The slope of -log sigmoid at 0 is -1/2.
    assert.deepEqual([...result.gradient], [-1.5, 0.5, 1.5, -0.5]);
  });
}

test('gBCE starts at the base rate: nothing pulls on what unknown items have in common', async () => {
  const graph = new Graph();
  const h = graph.input('h', [1, 1]);
  const E = graph.input('E', [100, 1]);
  const loss: Loss = { kind: 'gbce', negatives: 50, calibration: 0.75 };
  const [gradient] = gradients(lossOf(loss, h, E, labelInputs(graph, loss, 1)), [E]);
  const session = await createSession(graph, { gradient });
  const negatives = Int32Array.from({ length: 50 }, (_, i) => i + 1);
  const feeds = { targets: Int32Array.of(0), weights: Float32Array.of(1), negatives };
  const result = await session.run({ h: Float32Array.of(1), E: new Float32Array(100), ...feeds });
  await session.release();
  // beta = 0.625 right answers and 50 wrong ones: without the base rate 50 sigmoid(0) - 0.625 sigmoid(0) =
  // 24.7.
  close(
    result.gradient.reduce((sum, slope) => sum + slope, 0),
    0,
  );
  assert.ok(result.gradient[0] < -0.6, `${result.gradient[0]}`);
});
