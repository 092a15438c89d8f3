// What each start of an evaluation is made of. The items that nobody touched tell it: they have no residual,
// so that their vectors are what the adaptation makes of their features alone, and of other features it makes
// other vectors.
import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ARM_NAMES, learnArms } from '../../jobs/evaluation/arms.ts';
import { besideText } from '../../jobs/learn.ts';
import { applyAdaptation, loadAdaptation } from '../../src/embeddings/adaptation.ts';
import type { FeatureBlock } from '../../src/embeddings/item-features.ts';
import { type NamedTensors, readSafetensors } from '../../src/formats/safetensors.ts';
import { generateSample } from '../../src/interactions/sample.ts';
import { learningOn, outputOf, stageIn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';
import { tiny } from '../support/tiny-preset.ts';

const { dataset, coldItems } = generateSample({ users: 60, items: 40, categories: 2, seed: 1 });
const d = tiny.width;

/** The arms by name, and the tensors that a stage has left. */
async function learn(context: TestContext) {
  const folder = await temporaryFolder(context);
  const arms = await learnArms(ARM_NAMES, learningOn(folder, dataset, { preset: tiny }));
  return {
    arms: new Map(arms.map(({ name, vectors }) => [name, vectors])),
    leftBy: async (stage: string): Promise<NamedTensors> =>
      (await readSafetensors(outputOf(folder, stage))).tensors,
    adaptationOf: (stage: string) =>
      loadAdaptation(path.join(stageIn(folder, stage), 'adaptation.safetensors')),
  };
}

const rowsOf = (vectors: Float32Array, items: Iterable<number>): number[][] =>
  Array.from(items, (item) => [...vectors.subarray(item * d, (item + 1) * d)]);
const distance = (one: readonly number[], other: readonly number[]): number =>
  Math.hypot(...one.map((x, i) => x - other[i]));

test('each start is made of what it is named after', async (context) => {
  const { arms, leftBy, adaptationOf } = await learn(context);
  const block = async (name: string, stage: string, tensor: string, rowLength: number) => {
    const { shape, values } = (await leftBy(stage)).get(tensor)!;
    return { name, width: shape[1], values, rowLength };
  };
  const text = await block('text', 'text-features', 'vectors', 8);
  const tuned = await block('language model', 'infer', 'itemHidden', 1);
  const untuned = await block('language model', 'read-untuned', 'hidden', 1);
  const without = (whole: FeatureBlock): FeatureBlock => ({
    ...whole,
    values: new Float32Array(whole.values.length),
  });

  assert.equal(arms.get('random'), undefined);
  assert.deepEqual(arms.get('srs'), (await leftBy('pretrain')).get('itemVectors')!.values);

  for (const [arm, stage, blocks, others] of [
    ['text', 'text-arm', [text], [[without(text)]]],
    [
      'untuned',
      'untuned-arm',
      [text, untuned],
      [
        [text, tuned],
        [text, without(untuned)],
      ],
    ],
    [
      'tslrec',
      'augment',
      [text, tuned],
      [
        [text, untuned],
        [text, without(tuned)],
        [without(text), tuned],
      ],
    ],
  ] as const) {
    await context.test(`${arm}: ${blocks.map(({ name }) => name).join(' + ')}`, async () => {
      const adaptation = await adaptationOf(stage);
      assert.deepEqual(
        adaptation.scalings.map(({ name, rowLength }) => [name, rowLength]),
        blocks.map(({ name, rowLength }) => [name, rowLength]),
      );
      const cold = rowsOf(arms.get(arm)!, coldItems);
      /** From the arm's vectors to what the adaptation makes of these blocks, by item. */
      const distances = async (of: readonly FeatureBlock[]) =>
        rowsOf(await applyAdaptation(adaptation, of), coldItems).map((row, i) => distance(row, cold[i]));
      assert.ok(Math.max(...(await distances(blocks))) < 1e-5);
      for (const other of others) assert.ok(Math.min(...(await distances(other))) > 1e-3);
    });
  }

  await context.test('no two are the same', () => {
    const vectors = ARM_NAMES.slice(1).map((name) => String(arms.get(name)));
    assert.equal(new Set(vectors).size, vectors.length);
  });

  await context.test('tf-idf: text alone, whatever users do', () => {
    // Where two items' words are alike, so are their vectors: both are centred, so that products tell.
    const ofText = products(text.values, text.width);
    const ofArm = products(arms.get('tf-idf')!, d);
    assert.ok(correlation(ofText, ofArm) > 0.9, `${correlation(ofText, ofArm)}`);
  });
});

/** The cosine of each two rows, centred. */
function products(values: Float32Array, width: number): number[] {
  const N = values.length / width;
  const mean = Array.from({ length: width }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < N; i++) sum += values[i * width + j];
    return sum / N;
  });
  const rows = Array.from({ length: N }, (_, i) => {
    const row = mean.map((of, j) => values[i * width + j] - of);
    return row.map((x) => x / Math.hypot(...row));
  });
  return rows.flatMap((one, i) =>
    rows.slice(0, i).map((other) => one.reduce((sum, x, j) => sum + x * other[j], 0)),
  );
}

function correlation(one: readonly number[], other: readonly number[]): number {
  const centred = (values: readonly number[]) => {
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return values.map((x) => x - mean);
  };
  const [a, b] = [centred(one), centred(other)];
  return a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
}

test("a language model's block: quiet beside text if made here, loud if given, alone it leads", () => {
  const text = { key: 'text', name: 'text', width: 2, values: Float32Array.of(1, 2, 3, 4), rowLength: 8 };
  const hidden = { key: 'hidden', values: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const external = { kind: 'hosted' } as Parameters<typeof besideText>[3];
  const model = (rowLength: number) => ({ ...hidden, name: 'language model', width: 3, rowLength });
  const two = { dataset: { ...dataset, items: dataset.items.slice(0, 2) }, preset: tiny };
  assert.deepEqual(besideText(two, [text], hidden), [text, model(1)]);
  assert.deepEqual(besideText(two, [text], hidden, external), [text, model(8)]);
  assert.deepEqual(besideText(two, [], hidden), [model(8)]);
});
