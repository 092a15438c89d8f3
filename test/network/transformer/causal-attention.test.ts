// Attention by its formula, position by position, for texts of one block of queries and of several.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildModel } from '../../../src/network/scope.ts';
import { causalAttention } from '../../../src/network/transformer/causal-attention.ts';
import { createRandom } from '../../../src/random.ts';
import { sizeOf } from '../../../src/tensor/graph.ts';
import { createSession } from '../../../src/tensor/session.ts';

const [h, heads, keyHeads] = [2, 4, 2];

/** softmax over the visible j of q_i k_j / sqrt(h), times v_j; query head n reads key head n / 2. */
function byFormula(q: Float32Array, k: Float32Array, v: Float32Array, L: number, window: number): number[] {
  return Array.from({ length: heads * L }, (_, row) => {
    const i = row % L;
    const shared = Math.floor(Math.floor(row / L) / (heads / keyHeads)) * L;
    const at = (x: Float32Array, index: number, c: number) => x[index * h + c];
    const visible = Array.from({ length: Math.min(window, i + 1) }, (_, back) => shared + i - back);
    const weights = visible.map((j) =>
      Math.exp((at(q, row, 0) * at(k, j, 0) + at(q, row, 1) * at(k, j, 1)) / Math.sqrt(h)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return [0, 1].map((c) => visible.reduce((sum, j, n) => sum + weights[n] * at(v, j, c), 0) / total);
  }).flat();
}

test('of a long text only so many scores at once', () => {
  const L = 50_000;
  const { graph } = buildModel('inference', (scope) => {
    const input = (name: string, count: number) => scope.graph.input(name, [1, count, L, h]);
    return { y: causalAttention(scope, input('q', heads), input('k', keyHeads), input('v', keyHeads)) };
  });
  const largest = Math.max(
    ...graph.nodes.flatMap(({ outputs }) => outputs.map(({ shape }) => sizeOf(shape))),
  );
  assert.ok(largest <= 2 ** 26, `${largest} numbers`);
});

test('masks are computed as they are needed, not kept from the start', async () => {
  const L = 12_000; // all masks together are 288 MB
  const { graph, outputs } = buildModel('inference', (scope) => {
    const input = (name: string, count: number) => scope.graph.input(name, [1, count, L, h]);
    return { y: causalAttention(scope, input('q', heads), input('k', keyHeads), input('v', keyHeads)) };
  });
  const before = process.memoryUsage().rss;
  const session = await createSession(graph, outputs);
  const grown = process.memoryUsage().rss - before;
  await session.release();
  assert.ok(grown < 100e6, `${grown} bytes`);
});

for (const [L, window] of [
  [7, Infinity],
  [7, 3],
  [1100, Infinity],
  [1100, 40],
]) {
  test(`${L} tokens, each of which sees ${window} at most`, async () => {
    const random = createRandom(`${L}/${window}`);
    const draw = (count: number) => Float32Array.from({ length: count * L * h }, () => random.normal());
    const feeds = { q: draw(heads), k: draw(keyHeads), v: draw(keyHeads) };
    const model = buildModel('inference', (scope) => {
      const input = (name: string, count: number) => scope.graph.input(name, [1, count, L, h]);
      return {
        y: causalAttention(scope, input('q', heads), input('k', keyHeads), input('v', keyHeads), window),
      };
    });
    const session = await createSession(model.graph, model.outputs);
    const { y } = await session.run(feeds);
    await session.release();
    const expected = byFormula(feeds.q, feeds.k, feeds.v, L, window);
    assert.equal(y.length, expected.length);
    assert.ok(expected.every((value, i) => Math.abs(value - y[i]) < 1e-5));
  });
}
