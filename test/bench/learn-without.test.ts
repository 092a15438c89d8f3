// Items of the synthetic sample that are taken out of all interactions: their embeddings, from their words
// alone, have to lie among the warm items of the category that was planted.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { PRESETS, type Preset } from '../../jobs/presets.ts';
import { itemsIn } from '../../src/interactions/occurring-items.ts';
import { generateSample } from '../../src/interactions/sample.ts';
import { silentProgress } from '../../src/progress.ts';
import { unitRows } from '../../src/unit-rows.ts';
import { drawHeldOut } from './held-out-items.ts';
import { learnWithout, TSLREC } from './learn-without.ts';
import { bestOf, cosines } from './nearest.ts';

/** Ten seconds on one core: enough to tell four categories apart. */
const { quick } = PRESETS;
const preset: Preset = {
  ...quick,
  width: 32,
  textFeatures: 32,
  recommender: { ...quick.recommender, steps: 100, batchSize: 64 },
  adaptation: { ...quick.adaptation, members: 1, hidden: 64 },
  languageModel: {
    ...quick.languageModel,
    own: {
      ...quick.languageModel.own,
      ...{ vocabularySize: 1_024, hiddenSize: 32, layers: 1 },
      pretraining: { ...quick.languageModel.own.pretraining, tokens: 20_000 },
    },
    sft: { ...quick.languageModel.sft, epochs: 1, samplesPerEpoch: 200 },
    prompt: { ...quick.languageModel.prompt, items: 4 },
  },
};

test('of the ten nearest of a held-out item 3/4 are of its category; chance is a quarter', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-held-out-'));
  const { dataset, plantedCategories } = generateSample({ users: 250, items: 160, categories: 4, seed: 1 });
  const heldOut = drawHeldOut(dataset.sequences, 0.1, 1);
  const { train, kinds } = await learnWithout(dataset, new Set(heldOut), {
    folder,
    preset,
    seed: 1,
    progress: silentProgress,
  });
  const warm = [...itemsIn(train)];
  assert.ok(warm.every((item) => !heldOut.includes(item)));

  const { width, values } = kinds.find(({ name }) => name === TSLREC)!;
  const rows = unitRows(values, width);
  const shares = Array.from(heldOut, (item) => {
    const nearest = bestOf(cosines(rows, width, item), warm, 10);
    return nearest.filter((other) => plantedCategories[other] === plantedCategories[item]).length / 10;
  });
  assert.equal(shares.length, 15);
  const share = shares.reduce((sum, one) => sum + one, 0) / shares.length;
  assert.ok(share >= 0.75, `${share} of the nearest items are of the planted category`);
  await rm(folder, { recursive: true });
});
