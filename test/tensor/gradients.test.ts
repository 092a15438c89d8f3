// Every operation's gradient against central differences: (f(x + e) - f(x - e)) / 2e with e = 1e-2 in
// float32, on a loss sum(y * c) with fixed random c. The table is total: an operation without a case does not
// compile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import * as f from '../../src/tensor/functions.ts';
import { gradients } from '../../src/tensor/gradients.ts';
import { BATCH, Graph, type Shape, sizeOf, type Tensor } from '../../src/tensor/graph.ts';
import type { OperationName } from '../../src/tensor/operations.ts';
import { createSession } from '../../src/tensor/session.ts';

interface Case {
  /** Shapes of the differentiated inputs. */
  readonly shapes: readonly Shape[];
  readonly indices?: { readonly values: readonly number[]; readonly shape: Shape }[];
  /** Inputs are drawn from [0.5, 1.5) instead of a normal. */
  readonly positive?: boolean;
  /** Inputs are kept this far from zero, where the function has a kink. */
  readonly margin?: number;
  readonly apply: (inputs: readonly Tensor[], indices: readonly Tensor[]) => Tensor;
}

const cases: Record<OperationName, Case> = {
  add: { shapes: [[2, 3], [3]], apply: ([a, b]) => f.add(a, b) },
  subtract: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    apply: ([a, b]) => f.subtract(a, b),
  },
  multiply: {
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    apply: ([a, b]) => f.multiply(a, b),
  },
  divide: { shapes: [[2, 3], [3]], positive: true, apply: ([a, b]) => f.divide(a, b) },
  minimum: { shapes: [[2, 3], []], margin: 0.1, apply: ([a, b]) => f.minimum(a, f.multiply(b, 0.01)) },
  equal: {
    shapes: [[2, 3]],
    indices: [
      { values: [4, 7], shape: [2, 1] },
      { values: [7, 4, 4], shape: [3] },
    ],
    apply: ([x], [a, b]) => f.multiply(x, f.equal(a, b)),
  },
  exp: { shapes: [[2, 3]], apply: ([x]) => f.exp(x) },
  log: { shapes: [[2, 3]], positive: true, apply: ([x]) => f.log(x) },
  sqrt: { shapes: [[2, 3]], positive: true, apply: ([x]) => f.sqrt(x) },
  tanh: { shapes: [[2, 3]], apply: ([x]) => f.tanh(x) },
  sigmoid: { shapes: [[2, 3]], apply: ([x]) => f.sigmoid(x) },
  silu: { shapes: [[2, 3]], apply: ([x]) => f.silu(x) },
  erf: { shapes: [[2, 3]], apply: ([x]) => f.erf(x) },
  relu: { shapes: [[2, 3]], margin: 0.1, apply: ([x]) => f.relu(x) },
  isPositive: { shapes: [[2, 3]], margin: 0.1, apply: ([x]) => f.multiply(f.isPositive(x), x) },
  reshape: { shapes: [[2, 6]], apply: ([x]) => f.reshape(x, [3, 4]) },
  transpose: { shapes: [[2, 3, 4]], apply: ([x]) => f.transpose(x, [2, 0, 1]) },
  expand: { shapes: [[3, 1]], apply: ([x]) => f.expand(x, [2, 3, 4]) },
  slice: { shapes: [[2, 5]], apply: ([x]) => f.slice(x, 1, 1, 4) },
  concatenate: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    apply: ([a, b]) => f.concatenate([a, b, a], 1),
  },
  sum: {
    shapes: [[2, 3, 4]],
    apply: ([x]) => f.add(f.sum(x, [1], true), f.reshape(f.sum(x, [0, 2]), [3, 1])),
  },
  matmul: {
    shapes: [
      [2, 3, 4],
      [4, 5],
      [2, 5, 3],
    ],
    apply: ([a, b, c]) => f.matmul(f.matmul(a, b), c),
  },
  softmax: { shapes: [[2, 5]], apply: ([x]) => f.softmax(x) },
  logSoftmax: { shapes: [[2, 5]], apply: ([x]) => f.logSoftmax(x) },
  layerNormalization: {
    shapes: [[2, 2, 5], [5], [5]],
    apply: ([x, scale, shift]) => f.layerNormalization(x, scale, shift, 1e-5),
  },
  rmsNormalization: { shapes: [[2, 2, 5], [5]], apply: ([x, scale]) => f.rmsNormalization(x, scale, 1e-5) },
  rotate: {
    shapes: [[2, 3, 2, 4]],
    apply: ([x]) => {
      const table = (of: (angle: number) => number) =>
        x.graph.constant(Float32Array.from([0.1, 0.2, 0.1, 0.2, 0.5, 3, 0.5, 3], of), [1, 1, 2, 4]);
      return f.rotate(x, table(Math.cos), table(Math.sin));
    },
  },
  gatherRows: {
    shapes: [[4, 3]],
    indices: [{ values: [3, 0, 3, 3, 1, 0], shape: [2, 3] }],
    apply: ([table], [indices]) => f.gatherRows(table, indices),
  },
  scatterAddRows: {
    shapes: [[2, 3, 2]],
    indices: [{ values: [3, 0, 3, 3, 1, 0], shape: [2, 3] }],
    apply: ([values], [indices]) => f.scatterAddRows(values, indices, 5),
  },
  takeRows: {
    shapes: [[4, 3]],
    indices: [
      { values: [2, 0, 4], shape: [3] },
      { values: [1, 3, 0, 3], shape: [4] },
    ],
    apply: ([x], [forward, backward]) => f.takeRows(x, forward, backward),
  },
  gru: {
    // Three steps of two sequences, d = 2; the last input is the shares.
    shapes: [[6, 2], [6, 2], [6, 2], [2, 2], [2, 2], [2, 2], [2], [6, 1]],
    apply: ([xr, xz, xn, Ur, Uz, Un, cn, shares]) =>
      f.add(f.gru([xr, xz, xn], [Ur, Uz, Un, cn], 3, shares), f.gru([xr, xz, xn], [Ur, Uz, Un, cn], 3)),
  },
  gruGradient: {
    shapes: [[4, 2]],
    // Not differentiated twice: what it adds to x here is a constant.
    apply: ([x]) => {
      const zeros = x.graph.constant(new Float32Array(8), [4, 2]);
      const U = x.graph.constant(new Float32Array(4), [2, 2]);
      const ones = x.graph.constant(new Float32Array(8).fill(1), [4, 2]);
      const [dxr] = x.graph.apply('gruGradient', [ones, zeros, zeros, ones, zeros, zeros, U, U, U], {
        steps: 2,
      });
      return f.add(x, dxr);
    },
  },
  tiedCrossEntropy: {
    shapes: [
      [6, 4],
      [5, 4],
    ],
    indices: [{ values: [1, 4, 1, 0, 3, 3], shape: [6] }],
    apply: ([h, W], [targets]) =>
      f.tiedCrossEntropy(h, W, targets, h.graph.constant([0.2, 0.1, 0, 0.3, 0.3, 0.1], [6])),
  },
};

for (const [name, operation] of Object.entries(cases)) {
  test(`gradient of ${name} equals central differences`, async () => {
    const random = createRandom(name);
    const graph = new Graph();
    const inputs = operation.shapes.map((shape, i) => graph.input(`x${i}`, shape));
    const indices = (operation.indices ?? []).map(({ shape }, i) => graph.input(`i${i}`, shape, 'int32'));
    const y = operation.apply(inputs, indices);
    const weights = Float32Array.from({ length: sizeOf(y.shape) }, () => random.normal());
    const loss = f.sum(f.multiply(y, graph.constant(weights, y.shape)));
    const outputs: Record<string, Tensor> = { loss };
    gradients(loss, inputs).forEach((gradient, i) => {
      assert.deepEqual(gradient.shape, inputs[i].shape);
      outputs[`d${i}`] = gradient;
    });
    const session = await createSession(graph, outputs);

    const draw = () => {
      if (operation.positive) return 0.5 + random.next();
      const x = random.normal();
      return operation.margin && Math.abs(x) < operation.margin ? Math.sign(x) * operation.margin : x;
    };
    const values = operation.shapes.map((shape) => Float32Array.from({ length: sizeOf(shape) }, draw));
    const run = () =>
      session.run({
        ...Object.fromEntries(values.map((value, i) => [`x${i}`, value])),
        ...Object.fromEntries(
          (operation.indices ?? []).map((index, i) => [`i${i}`, Int32Array.from(index.values)]),
        ),
      });
    const exact = await run();
    const e = 1e-2;
    for (const [i, value] of values.entries()) {
      for (let j = 0; j < value.length; j++) {
        const x = value[j];
        value[j] = x + e;
        const above = (await run()).loss[0];
        value[j] = x - e;
        const below = (await run()).loss[0];
        value[j] = x;
        const numeric = (above - below) / (2 * e);
        const got = exact[`d${i}`][j];
        const tolerance = 2e-3 * Math.max(1, Math.abs(numeric));
        assert.ok(
          Math.abs(got - numeric) < tolerance,
          `input ${i}, entry ${j}: got ${got}, central difference ${numeric}`,
        );
      }
    }
    await session.release();
  });
}

test('a gradient that flows along two paths is the sum of both: d (x * x + 3x) / dx = 2x + 3', async () => {
  const graph = new Graph();
  const x = graph.input('x', [1]);
  const loss = f.sum(f.add(f.multiply(x, x), f.multiply(x, 3)));
  const [dx] = gradients(loss, [x]);
  const session = await createSession(graph, { dx });
  assert.deepEqual([...(await session.run({ x: Float32Array.of(5) })).dx], [13]);
  await session.release();
});

test('an open dimension is what the graph is fed with', async () => {
  const graph = new Graph();
  const x = graph.input('x', [BATCH, 2, 3]);
  const rows = f.reshape(x, [2 * BATCH, 3]);
  const y = f.add(f.matmul(rows, graph.constant([1, 0, 0, 1, 1, 1], [3, 2])), graph.constant([10, 20], [2]));
  assert.deepEqual(y.shape, [-2, 2]);
  const session = await createSession(graph, { y });
  const of = async (...x: number[]) => [...(await session.run({ x: Float32Array.from(x) })).y];
  assert.deepEqual(await of(1, 2, 3, 4, 5, 6), [14, 25, 20, 31]);
  assert.deepEqual((await of(1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3)).length, 8);
  await assert.rejects(of(1, 2, 3), /x needs float32 \[-1,2,3\], got 3 values/);
  await session.release();
  assert.throws(() => f.expand(x, [BATCH, 2, 3, 4]), /its size is not known yet/);
});

test('a wrong shape is refused where it is written', () => {
  const graph = new Graph();
  const [a, b] = [graph.input('a', [2, 3]), graph.input('b', [2, 4])];
  assert.throws(() => f.add(a, b), /shapes \[2,3\] and \[2,4\] do not broadcast/);
  assert.throws(() => f.matmul(a, b), /cannot multiply \[2,3\] by \[2,4\]/);
  assert.throws(() => gradients(a, [b]), /a loss must be a scalar/);
});
