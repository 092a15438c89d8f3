import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildModel, initialValues, parameterFeeds, type Values } from '../../../src/network/scope.ts';
import { endsInOneOf, projection } from '../../../src/network/transformer/lora.ts';
import { createRandom } from '../../../src/random.ts';
import { createSession } from '../../../src/tensor/session.ts';

const ROWS = 200;
const lora = { rank: 2, alpha: 3, dropout: 0.5 };

/** x = (1, 1) in every row -> y [200]. */
function model(mode: 'training' | 'inference') {
  return buildModel(mode, (scope) => ({
    y: projection(scope, 'layer', scope.graph.input('x', [ROWS, 2]), 1, { lora }),
  }));
}

async function outputsOf(mode: 'training' | 'inference', values: Values): Promise<Float32Array> {
  const { graph, parameters, outputs, dropoutFeeds } = model(mode);
  const session = await createSession(graph, outputs);
  const { y } = await session.run({
    ...parameterFeeds(parameters, values),
    ...dropoutFeeds(createRandom(1)),
    x: new Float32Array(ROWS * 2).fill(1),
  });
  await session.release();
  return y;
}

// x W^T = 3 + 4; x A^T = (11, 1), of which B takes the first once and the second twice; alpha / rank = 1.5.
const values: Values = new Map([
  ['layer.weight', { shape: [1, 2], values: Float32Array.of(3, 4) }],
  ['layer.lora_A.weight', { shape: [2, 2], values: Float32Array.of(1, 10, 1, 0) }],
  ['layer.lora_B.weight', { shape: [1, 2], values: Float32Array.of(1, 2) }],
]);

test('y = x W^T + (alpha / rank) x A^T B^T', async () => {
  assert.deepEqual(new Set(await outputsOf('inference', values)), new Set([7 + 1.5 * (11 + 2 * 1)]));
});

test('in training what the adapter reads is dropped, and nothing of what the base reads', async () => {
  // What is kept counts twice: 7 + 1.5 * 2 * (3 first + 10 second).
  const possible = [7, 7 + 3 * 3, 7 + 3 * 10, 7 + 3 * 13];
  assert.deepEqual(
    [...new Set(await outputsOf('training', values))].sort((a, b) => a - b),
    possible,
  );
});

test('a fresh adapter gives nothing, and can learn: A is noise of 1 / sqrt(inputs), B is zero', () => {
  const parameters = buildModel('training', (scope) => ({
    y: projection(scope, 'layer', scope.graph.input('x', [1, 400]), 30, { lora: { ...lora, rank: 25 } }),
  })).parameters;
  const start = initialValues(parameters, createRandom(1));
  assert.ok(start.get('layer.lora_B.weight')!.values.every((x) => x === 0));
  const A = start.get('layer.lora_A.weight')!.values;
  const deviation = Math.sqrt(A.reduce((sum, x) => sum + x * x, 0) / A.length);
  assert.ok(Math.abs(deviation / (1 / 20) - 1) < 0.05, `${deviation}`);
});

test("a target is a layer's whole name or its last parts, not a piece of it", () => {
  const layer = 'model.layers.1.mlp.up_proj';
  for (const name of [layer, 'layers.1.mlp.up_proj', 'up_proj'])
    assert.ok(endsInOneOf(layer, new Set(['x', name])));
  for (const name of ['proj', 'mlp', 'model.layers.1', 'up_proj.weight'])
    assert.ok(!endsInOneOf(layer, new Set([name])));
  assert.ok(!endsInOneOf('model.layers.11.mlp.up_proj', new Set(['1.mlp.up_proj'])));
});
