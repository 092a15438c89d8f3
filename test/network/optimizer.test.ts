// AdamW against its formula, in steps whose gradients are given, and the schedule of its learning rate.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdamWOptions } from '../../src/network/optimizer.ts';
import { warmupCosine } from '../../src/network/schedule.ts';
import { buildModel, initialValues, type Values } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { createRandom } from '../../src/random.ts';
import { add, multiply, sum } from '../../src/tensor/functions.ts';

const START = { matrix: [2, -1], vector: [1] };
/** Of each step; the norm of the first is 5, of the second 1. */
const GRADIENTS = [
  { matrix: [3, 0], vector: [4] },
  { matrix: [-0.6, 0.8], vector: [0] },
  { matrix: [1, 2], vector: [-2] },
];
const RATES = [0.1, 0.05, 0.2];

/** The loss is gradient * weight: its gradient is what is fed. */
async function ours(options: AdamWOptions): Promise<Values> {
  const model = buildModel('training', (scope) => {
    const term = (name: keyof typeof START, shape: readonly number[]) =>
      sum(
        multiply(
          scope.parameter(name, shape, () => Float32Array.from(START[name])),
          scope.graph.input(`slope/${name}`, shape),
        ),
      );
    return { loss: add(term('matrix', [1, 2]), term('vector', [1])) };
  });
  const initial = initialValues(model.parameters, createRandom(1));
  const trainer = await createTrainer([model], initial, { seed: 1, ...options });
  for (const [i, { matrix, vector }] of GRADIENTS.entries()) {
    const feeds = { 'slope/matrix': Float32Array.from(matrix), 'slope/vector': Float32Array.from(vector) };
    await trainer.step(feeds, RATES[i]);
  }
  await trainer.release();
  return trainer.values();
}

/**
 * Algorithm 2 of arXiv 1711.05101, its schedule being the learning rate; gradients longer than the norm cut.
 */
function byFormula(name: keyof typeof START, options: AdamWOptions): number[] {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, clipNorm = Infinity } = options;
  const decay = name === 'matrix' ? weightDecay : 0;
  return START[name].map((first, i) => {
    let [w, m, v] = [first, 0, 0];
    GRADIENTS.forEach((gradient, step) => {
      const norm = Math.hypot(...gradient.matrix, ...gradient.vector);
      const g = gradient[name][i] * Math.min(1, clipNorm / norm);
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g ** 2;
      const direction = m / (1 - beta1 ** (step + 1)) / (Math.sqrt(v / (1 - beta2 ** (step + 1))) + epsilon);
      w -= RATES[step] * (direction + decay * w);
    });
    return w;
  });
}

for (const options of [
  {},
  { beta1: 0.5 },
  { beta2: 0.98 },
  { epsilon: 0.5 },
  { weightDecay: 0.5 }, // of the matrix alone, and not through the gradient
  { clipNorm: 2 }, // the second gradient is shorter and stays
  { beta2: 0.95, weightDecay: 0.01, clipNorm: 1 }, // as a language model is trained
]) {
  test(`three steps of AdamW with ${JSON.stringify(options)}`, async () => {
    const values = await ours(options);
    for (const name of ['matrix', 'vector'] as const) {
      byFormula(name, options).forEach((wanted, i) => {
        const got = values.get(name)!.values[i];
        assert.ok(Math.abs(got - wanted) < 1e-5, `${name} ${i}: ${got}, by the formula ${wanted}`);
      });
    }
  });
}

test('the rate rises over the first twentieth of the steps, then falls along a cosine to a tenth', () => {
  const rate = warmupCosine(2);
  const of100 = [0, 1, 4, 5, 52.5, 100].map((step) => rate(step, 100));
  assert.deepEqual(
    of100.map((x) => Number(x.toFixed(6))),
    [0.4, 0.8, 2, 2, 1.1, 0.2],
  );
  assert.equal(rate(0, 4), 2, 'a training of few steps starts at the peak');
});
