import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type FitOptions, fit } from '../../src/network/fit.ts';
import { linear } from '../../src/network/layers.ts';
import { buildModel, initialValues, ones, type Values } from '../../src/network/scope.ts';
import { createTrainer, type Trainer } from '../../src/network/trainer.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { multiply, subtract, sum } from '../../src/tensor/functions.ts';
import type { Feeds } from '../../src/tensor/session.ts';

/** Least squares: y = x w + b with dropout on x, four examples of two features. */
function regression() {
  const model = buildModel('training', (scope) => {
    const x = scope.graph.input('x', [4, 2]);
    const error = subtract(linear(scope, 'line', scope.dropout(x, 0.25), 1), scope.graph.input('y', [4, 1]));
    return { loss: multiply(sum(multiply(error, error)), 1 / 4) };
  });
  return { model, values: initialValues(model.parameters, createRandom(7)) };
}

const batch = { x: Float32Array.of(1, 0, 0, 1, 1, 1, 2, 1), y: Float32Array.of(3, -1, 2, 5) };

async function train(steps: number, trainer: Trainer) {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(await trainer.step(batch, 0.05));
  return losses;
}

test('batches of two shapes train the same weights, each by its graph; any other is refused', async () => {
  const ofLength = (L: number) =>
    buildModel('training', (scope) => ({
      loss: sum(
        multiply(
          scope.parameter('w', [1], () => Float32Array.of(1)),
          scope.graph.input('x', [L]),
        ),
      ),
    }));
  const models = [ofLength(2), ofLength(4)];
  const trainer = await createTrainer(models, initialValues(models[0].parameters, createRandom(1)), {
    seed: 1,
  });
  assert.equal(await trainer.step({ x: Float32Array.of(1, 2) }, 0.25), 3);
  // The first step moved w from 1 to 0.75.
  assert.ok(Math.abs((await trainer.step({ x: Float32Array.of(1, 1, 1, 1) }, 0.25)) - 0.75 * 4) < 1e-5);
  await assert.rejects(trainer.step({ x: Float32Array.of(1) }, 0.25), /no graph of this trainer/);
  await trainer.release();
});

test('the parts of a batch, one after the other, move the weights as the whole batch does', async () => {
  const examples = (n: number) =>
    buildModel('training', (scope) => {
      const x = scope.graph.input('x', [n, 2]);
      const error = subtract(linear(scope, 'line', x, 1), scope.graph.input('y', [n, 1]));
      return { loss: multiply(sum(multiply(error, error)), 1 / n) };
    });
  const whole = examples(4);
  const initial = initialValues(whole.parameters, createRandom(7));
  const settings = { seed: 1, clipNorm: 1 };
  const [atOnce, inParts] = await Promise.all([
    createTrainer([whole], initial, settings),
    createTrainer([examples(2), examples(1)], initial, settings),
  ]);
  const { x, y } = batch;
  const part = (from: number, to: number) => ({ x: x.subarray(2 * from, 2 * to), y: y.subarray(from, to) });
  for (let step = 0; step < 3; step++) {
    const loss = await atOnce.step(batch, 0.05);
    const inTwo = await inParts.step([part(0, 2), part(2, 4)], 0.05);
    assert.ok(Math.abs(loss - inTwo) < 1e-5, `${loss} and ${inTwo}`);
  }
  for (const [name, { values }] of atOnce.values()) {
    const other = inParts.values().get(name)!.values;
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - other[i]) < 1e-5, `${name}: ${value} and ${other[i]}`);
    });
  }
  await inParts.step([part(0, 1), part(1, 2), part(2, 3)], 0.05);
  await Promise.all([atOnce.release(), inParts.release()]);
});

/**
 * 256 kB of weights and as much of data: what a step forgets to give back shows after a few hundred of them.
 */
function large() {
  const SIZE = 2 ** 16;
  const model = buildModel('training', (scope) => {
    const w = scope.parameter('w', [SIZE], ones);
    return { loss: sum(multiply(w, scope.graph.input('x', [SIZE]))) };
  });
  const feeds = { x: new Float32Array(SIZE).fill(1 / SIZE) };
  return { model, values: initialValues(model.parameters, createRandom(7)), feeds };
}

for (const parts of [1, 2]) {
  test(`memory stays flat over steps of ${parts === 1 ? 'one part' : `${parts} parts`}`, async () => {
    const { model, values, feeds } = large();
    const trainer = await createTrainer([model], values, { seed: 1 });
    const grownBy = async (steps: number) => {
      const before = process.memoryUsage().rss;
      for (let i = 0; i < steps; i++) await trainer.step(Array<Feeds>(parts).fill(feeds), 1e-4);
      return (process.memoryUsage().rss - before) / 2 ** 20;
    };
    await grownBy(20);
    // What is forgotten adds up in every stretch, 48 MB for the gradients of one part; what the garbage
    // collector leaves for later does not.
    const grown = [await grownBy(192), await grownBy(192), await grownBy(192)];
    await trainer.release();
    assert.ok(Math.min(...grown) < 16, `grown by ${grown.map((x) => x.toFixed(0)).join(', ')} MB`);
  });
}

test('a frozen parameter does not move and has no moments', async () => {
  const { model, values } = regression();
  const trainer = await createTrainer([model], values, {
    seed: 1,
    trainable: (name) => name === 'line.bias',
  });
  await train(3, trainer);
  assert.deepEqual(trainer.values().get('line.weight')!.values, values.get('line.weight')!.values);
  assert.notDeepEqual(trainer.values().get('line.bias')!.values, values.get('line.bias')!.values);
  assert.deepEqual([...trainer.state().keys()], ['line.bias', 'line.bias:m', 'line.bias:v']);
  await trainer.release();
});

test('values and state are of the moment when they were asked for; later steps leave them', async () => {
  const { model, values } = regression();
  const trainer = await createTrainer([model], values, { seed: 1 });
  await train(1, trainer);
  const asked = { values: trainer.values(), state: trainer.state() };
  const kept = structuredClone(asked);
  await train(2, trainer); // both sets of arrays have been written to by now
  assert.deepEqual(asked, kept);
  assert.notDeepEqual(trainer.values(), kept.values);
  await trainer.release();
});

test('a training continued from its state repeats the whole one to the bit, with dropout', async () => {
  const { model, values } = regression();
  const whole = await createTrainer([model], values, { seed: 1 });
  const losses = await train(6, whole);
  const first = await createTrainer([regression().model], values, { seed: 1 });
  await train(3, first);
  const second = await createTrainer([regression().model], values, { seed: 1 });
  second.restore(first.state(), first.steps);
  assert.deepEqual(await train(3, second), losses.slice(3));
  assert.deepEqual(second.values(), whole.values());
  await Promise.all([whole, first, second].map((trainer) => trainer.release()));
});

test('fit keeps the best epoch, stops after `patience` epochs without a better one', async () => {
  const { model, values } = regression();
  const trainer = await createTrainer([model], values, { seed: 1 });
  const metrics = [0.1, 0.3, 0.2, 0.2, 0.9];
  const seen: Values[] = [];
  const result = await fit({
    ...fitting(trainer),
    patience: 2,
    evaluate: async (current) => {
      seen.push(current);
      return metrics[seen.length - 1];
    },
  });
  assert.equal(result.history.length, 4);
  assert.equal(result.bestEpoch, 1);
  assert.equal(result.bestMetric, 0.3);
  assert.deepEqual(result.values, seen[1]);
  await trainer.release();
});

test('fit keeps the first of equal epochs, and without a metric the last', async () => {
  const best = async (evaluate?: FitOptions['evaluate']) => {
    const { model, values } = regression();
    const trainer = await createTrainer([model], values, { seed: 1 });
    const result = await fit({ ...fitting(trainer), evaluate });
    const isLast = isDeepStrictEqual(result.values, trainer.values());
    await trainer.release();
    return [result.bestEpoch, isLast];
  };
  assert.deepEqual(await best(async () => 0.5), [0, false]);
  assert.deepEqual(await best(), [4, true]);
});

test("fit asks for each epoch's batches and each step's learning rate; the loss is a mean", async () => {
  const { model, values } = regression();
  const trainer = await createTrainer([model], values, { seed: 1 });
  const losses: number[] = [];
  const counting: Trainer = {
    ...trainer,
    get steps() {
      return trainer.steps;
    },
    step: async (...of) => {
      losses.push(await trainer.step(...of));
      return losses.at(-1)!;
    },
  };
  const epochs: number[] = [];
  const rates: [number, number][] = [];
  const { history } = await fit({
    ...fitting(counting),
    epochs: 3,
    batches: (epoch) => {
      epochs.push(epoch);
      return [batch, batch];
    },
    learningRate: (step, total) => {
      rates.push([step, total]);
      return 0.05;
    },
  });
  assert.deepEqual([...new Set(epochs)], [0, 1, 2]);
  assert.deepEqual(
    rates,
    [0, 1, 2, 3, 4, 5].map((step) => [step, 6]),
  );
  assert.deepEqual(
    history.map(({ loss }) => loss),
    [0, 2, 4].map((first) => (losses[first] + losses[first + 1]) / 2),
  );
  await trainer.release();
});

test('fit is patient for so many steps at least, where an epoch has few', async () => {
  const metrics = [0.3, 0.2, 0.2, 0.2, 0.9];
  const epochsWith = async (patientSteps: number) => {
    const { model, values } = regression();
    const trainer = await createTrainer([model], values, { seed: 1 });
    let epoch = 0;
    const evaluate = async () => metrics[epoch++];
    const { batches } = fitting(trainer);
    const perEpoch = batches(0).length;
    const { history } = await fit({
      ...fitting(trainer),
      patience: 1,
      patientSteps: patientSteps * perEpoch,
      evaluate,
    });
    await trainer.release();
    return history.length;
  };
  assert.equal(await epochsWith(0), 2);
  assert.equal(await epochsWith(3), 4);
  assert.equal(await epochsWith(4), metrics.length);
});

test('fit killed in the fourth epoch continues from its checkpoint to the same values', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-fit-'));
  const checkpoint = path.join(folder, 'checkpoint');
  const { values } = regression();
  const trainers = await Promise.all(
    [1, 2, 3].map(() => createTrainer([regression().model], values, { seed: 1 })),
  );
  const metric = async (current: Values) => -Math.abs(current.get('line.bias')!.values[0] - 0.4);
  const undisturbed = await fit({ ...fitting(trainers[0]), evaluate: metric });
  let epochs = 0;
  const killed = fit({
    ...fitting(trainers[1]),
    checkpoint,
    checkpointEveryMs: 0,
    evaluate: async (current) => {
      if (++epochs === 4) throw new Error('killed');
      return metric(current);
    },
  });
  await assert.rejects(killed, /killed/);
  const resumed = await fit({ ...fitting(trainers[2]), checkpoint, evaluate: metric });
  assert.deepEqual(resumed.values, undisturbed.values);
  assert.equal(resumed.bestEpoch, undisturbed.bestEpoch);
  assert.equal(resumed.history.length, 5);
  await Promise.all(trainers.map((trainer) => trainer.release()));
  await rm(folder, { recursive: true });
});

test('fit that was killed after its end, before its result was kept, is found finished', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-fit-'));
  const checkpoint = path.join(folder, 'checkpoint');
  const { model, values } = regression();
  const trainer = await createTrainer([model], values, { seed: 1 });
  const once = () => fit({ ...fitting(trainer), checkpoint, evaluate: async () => 0.5 });
  const finished = await once();
  const { steps } = trainer;
  assert.deepEqual(await once(), finished);
  assert.equal(trainer.steps, steps);
  await trainer.release();
  await rm(folder, { recursive: true });
});

function fitting(trainer: Trainer): FitOptions {
  return {
    trainer,
    batches: () => [batch, batch],
    epochs: 5,
    learningRate: () => 0.05,
    progress: silentProgress,
    name: 'test',
  };
}
