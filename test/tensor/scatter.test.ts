// Rows that are named many times must be added up without loss. ONNX Runtime's ScatterND with reduction "add"
// fails this on two threads (about 6 % of the entries below were wrong), so the engine does not use it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import { scatterAddRows, sum, tiedCrossEntropy } from '../../src/tensor/functions.ts';
import { Graph } from '../../src/tensor/graph.ts';
import { createSession } from '../../src/tensor/session.ts';

test('25,600 rows added up into 300: every sum of ones equals its count, ten times over', async () => {
  const [rows, count, width] = [300, 25_600, 64];
  const graph = new Graph();
  const values = graph.input('values', [count, width]);
  const indices = graph.input('indices', [count], 'int32');
  const session = await createSession(graph, { total: scatterAddRows(values, indices, rows) }, { threads: 2 });
  const random = createRandom(1);
  const names = Int32Array.from({ length: count }, () => Math.floor(random.next() ** 3 * rows));
  const expected = new Float32Array(rows * width);
  for (const row of names) for (let j = 0; j < width; j++) expected[row * width + j]++;
  for (let round = 0; round < 10; round++) {
    const { total } = await session.run({ values: new Float32Array(count * width).fill(1), indices: names });
    assert.deepEqual(total, expected);
  }
  await session.release();
});

test('tied cross-entropy in blocks gives what the formula gives: uniform scores cost log V', async () => {
  const [R, V, d] = [4_000, 3_000, 8]; // 12 million scores: two blocks
  const graph = new Graph();
  const [h, W] = [graph.input('h', [R, d]), graph.input('W', [V, d])];
  const targets = graph.input('targets', [R], 'int32');
  const weights = graph.input('weights', [R]);
  const session = await createSession(graph, { loss: sum(tiedCrossEntropy(h, W, targets, weights)) });
  const feeds = {
    h: new Float32Array(R * d).fill(0.5),
    W: new Float32Array(V * d).fill(0.25),
    targets: Int32Array.from({ length: R }, (_, i) => i % V),
    weights: new Float32Array(R).fill(1 / R),
  };
  const { loss } = await session.run(feeds);
  assert.ok(Math.abs(loss[0] - Math.log(V)) < 1e-4, `got ${loss[0]}, expected ${Math.log(V)}`);
  await session.release();
});
