// What a training step drops, read off the gradients: of sum(dropout(w)) they are the mask itself, and the
// first moment after a step is a tenth of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { buildModel, initialValues, ones, zeros } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { createRandom } from '../../src/random.ts';
import { add, sum } from '../../src/tensor/functions.ts';

const SIZE = 10_000;

/** Two sites of the rate that is asked for, one of each of two parameters. */
const dropping = (rate: number) =>
  buildModel('training', (scope) => {
    const site = (name: string) => sum(scope.dropout(scope.parameter(name, [SIZE], zeros), rate));
    return { loss: add(site('first'), site('second')) };
  });

/** The masks [SIZE] of both sites in each of some steps of one part or of several. */
async function masksOf(rate: number, seed: number, { steps = 1, parts = 1 } = {}): Promise<number[][]> {
  const model = dropping(rate);
  const trainer = await createTrainer([model], initialValues(model.parameters, createRandom(1)), { seed });
  const masks: number[][] = [];
  let before = trainer.state();
  for (let step = 0; step < steps; step++) {
    await trainer.step(
      Array.from({ length: parts }, () => ({})),
      0,
    );
    const after = trainer.state();
    for (const moment of ['first:m', 'second:m']) {
      const [was, is] = [before, after].map((state) => state.get(moment)!.values);
      masks.push(Array.from(is, (m, i) => 10 * m - 9 * was[i]));
    }
    before = after;
  }
  await trainer.release();
  return masks;
}

const isDropped = (factor: number) => Math.abs(factor) < 1e-4;
const shareOf = (mask: readonly number[], is: (factor: number, i: number) => boolean) =>
  mask.filter(is).length / SIZE;

for (const rate of [0.2, 0.5]) {
  test(`dropout of ${rate}: that share is 0, others 1 / (1 - ${rate}), so that the mean stays`, async () => {
    for (const mask of await masksOf(rate, 1)) {
      const dropped = shareOf(mask, isDropped);
      // The standard deviation of this share is 0.005 or less.
      assert.ok(Math.abs(dropped - rate) < 0.03, `${dropped} are 0`);
      const kept = mask.filter((factor) => !isDropped(factor));
      assert.ok(kept.every((factor) => Math.abs(factor - 1 / (1 - rate)) < 1e-4));
    }
  });
}

test('every site, step and seed has a mask of its own: any two drop the same half of the time', async () => {
  const masks = [...(await masksOf(0.5, 1, { steps: 3 })), ...(await masksOf(0.5, 2))];
  assert.equal(masks.length, 8);
  masks.forEach((one, a) => {
    for (const other of masks.slice(a + 1)) {
      const alike = shareOf(one, (factor, i) => isDropped(factor) === isDropped(other[i]));
      assert.ok(Math.abs(alike - 0.5) < 0.03, `${alike} of two masks are alike`);
    }
  });
});

test('the same seed drops the same in the same step', async () => {
  const twice = [await masksOf(0.5, 1, { steps: 2 }), await masksOf(0.5, 1, { steps: 2 })];
  assert.ok(isDeepStrictEqual(twice[0], twice[1]));
});

test('each part of a batch has masks of its own: their mean has a half where one of two drops', async () => {
  for (const mask of await masksOf(0.5, 1, { parts: 2 })) {
    // Factors of 0 or 2 in each part.
    const one = shareOf(mask, (factor) => Math.abs(factor - 1) < 1e-4);
    assert.ok(Math.abs(one - 0.5) < 0.03, `${one}`);
  }
});

test('parameters that are taken again have dropout of their own, and start where they started', () => {
  const model = buildModel('training', (scope) => {
    const twice = [scope, scope.again()].map((each) => each.dropout(each.parameter('w', [3], ones), 0.5));
    return { loss: sum(add(twice[0], twice[1])) };
  });
  assert.deepEqual(
    model.parameters.map(({ name }) => name),
    ['w'],
  );
  assert.equal(Object.keys(model.dropoutFeeds(createRandom(1))).length, 2);
});

test('nothing is dropped outside training, nor at a rate of 0', () => {
  for (const [mode, rate] of [
    ['inference', 0.5],
    ['training', 0],
  ] as const) {
    const { graph, outputs, dropoutFeeds } = buildModel(mode, (scope) => {
      const x = scope.graph.input('x', [3]);
      return { x, y: scope.dropout(x, rate) };
    });
    assert.equal(outputs.y, outputs.x);
    assert.deepEqual(
      graph.inputs.map(({ name }) => name),
      ['x'],
    );
    assert.deepEqual(dropoutFeeds(createRandom(1)), {});
  }
});
