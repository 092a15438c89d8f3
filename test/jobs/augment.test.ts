// Which blocks of features each member of an adaptation is learnt on, read off the file that it leaves: a
// block that a member did not read has no weight in it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { PRESETS, type Preset } from '../../jobs/presets.ts';
import { augment, type KeyedBlock } from '../../jobs/stages/augment.ts';
import type { LearntAdapter } from '../../src/embeddings/fit-adaptation.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { createRandom } from '../../src/random.ts';
import { sasrecModel } from '../../src/recommenders/models.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';
import { dataOf, learningOn, outputOf } from '../support/stages.ts';

const { quick } = PRESETS;
const LEADING_ROWS = quick.adaptation.leadingRows;
const H = 4;
const preset: Preset = {
  ...quick,
  recommender: { ...quick.recommender, steps: 2, batchSize: 32 },
  adaptation: { ...quick.adaptation, members: 4, hidden: H },
};

const random = createRandom('augment');
const block = (name: string, width: number, rowLength: number): KeyedBlock => ({
  key: name,
  name,
  width,
  rowLength,
  values: Float32Array.from({ length: N * width }, () => random.normal()),
});

/** For each member, the blocks that have weights in it. */
async function readBy(blocks: readonly KeyedBlock[]): Promise<string[][]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-augment-'));
  const train = alternating(60, 1);
  const asked = lastOf(alternating(20, 2));
  const split = { name: 'leave-one-out', train, validation: asked, test: asked } as const;
  const learning = {
    ...learningOn(folder, dataOf(train, N), { split, preset }),
    backbone: sasrecModel(profile(), 8),
  };
  const { adaptationFile, validationNdcg = 0 } = await augment(learning, 'augment', blocks);
  const { tensors } = await readSafetensors(adaptationFile);
  const told = [1, 2, 3, 4].map(async (m) => {
    const { metadata } = await readSafetensors(outputOf(folder, `augment-${m}`));
    return (JSON.parse(metadata.facts) as LearntAdapter).validationNdcg!;
  });
  const sum = (await Promise.all(told)).reduce((total, ndcg) => total + ndcg, 0);
  assert.ok(sum > 0 && Math.abs(validationNdcg - sum / 4) < 1e-12, `${validationNdcg}`);
  await rm(folder, { recursive: true });
  const { shape, values } = tensors.get('adapter.inner.weight')!;
  const widths = blocks.map(({ width }) => width);
  const F = widths.reduce((sum, width) => sum + width);
  assert.deepEqual(shape, [F, 4 * H]);
  const blockOfRow = blocks.flatMap(({ name, width }) => new Array<string>(width).fill(name));
  return Array.from({ length: 4 }, (_, m) => {
    const read = blockOfRow.filter((_, row) =>
      values.subarray((4 * row + m) * H, (4 * row + m + 1) * H).some((weight) => weight !== 0),
    );
    return [...new Set(read)];
  });
}

test('blocks that lead are read together and each alone, in turn', async () => {
  const read = await readBy([block('text', 3, LEADING_ROWS), block('language model', 2, LEADING_ROWS)]);
  assert.deepEqual(read, [
    ['text', 'language model'],
    ['text'],
    ['language model'],
    ['text', 'language model'],
  ]);
});

test('a block that only stands beside another is never read alone', async () => {
  const read = await readBy([block('text', 3, LEADING_ROWS), block('language model', 2, 1)]);
  assert.deepEqual(read, [['text', 'language model'], ['text'], ['text', 'language model'], ['text']]);
});

test('one block alone is read by every member', async () => {
  assert.deepEqual(await readBy([block('text', 3, LEADING_ROWS)]), [['text'], ['text'], ['text'], ['text']]);
});
