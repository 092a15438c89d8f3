// What was learnt can be applied: an encoder that is saved and loaded gives the published rows less their
// residuals, and of an item that nobody has seen what it would have had in the catalogue, cold.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { learn } from '../../jobs/learn.ts';
import { PRESETS } from '../../jobs/presets.ts';
import { keepEncoder } from '../../jobs/stages/keep-encoder.ts';
import { loadItemEncoder } from '../../src/embeddings/item-encoder.ts';
import type { Dataset, Item } from '../../src/interactions/dataset.ts';
import { generateSample } from '../../src/interactions/sample.ts';
import { silentProgress } from '../../src/progress.ts';
import { sealedJson } from '../../src/sealed-json.ts';
import { refused } from '../support/errors.ts';
import { learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';
import { tiny } from '../support/tiny-preset.ts';

const { dataset, coldItems } = generateSample({ users: 60, items: 40, categories: 2, seed: 1 });
const d = tiny.width;
const options = { hubFolder: 'nowhere', progress: silentProgress };

async function learnt(context: TestContext, data: Dataset = dataset) {
  const learning = learningOn(await temporaryFolder(context), data, { preset: tiny });
  const all = await learn(learning, {});
  return { ...all, folder: await keepEncoder(learning, all) };
}

async function encode(folder: string, items: readonly Item[]) {
  const encoder = await loadItemEncoder(folder, options);
  return encoder.encode(items).finally(encoder.release);
}

const mostApart = (one: Float32Array, other: Float32Array): number => {
  assert.equal(one.length, other.length);
  return one.reduce((most, x, i) => Math.max(most, Math.abs(x - other[i])), 0);
};

test('the items of the refresh have their published rows less the residuals', async (context) => {
  const { folder, augmented, inferred } = await learnt(context);
  const { embeddings, categories } = await encode(folder, dataset.items);
  const published = augmented.embeddings.map((x, i) => x - augmented.residual[i]);
  assert.ok(mostApart(embeddings, published) < 1e-5);
  assert.ok(mostApart(categories, inferred.itemDistributions) < 1e-5);
  assert.ok(augmented.residual.some((x) => Math.abs(x) > 1e-3));
  for (const item of coldItems) {
    const row = (values: Float32Array) => values.subarray(item * d, (item + 1) * d);
    assert.ok(mostApart(row(embeddings), row(augmented.embeddings)) < 1e-5, `cold item ${item}`);
  }
});

test('one item, some, or all: each has the same vector', async (context) => {
  const { folder } = await learnt(context);
  const encoder = await loadItemEncoder(folder, options);
  const all = await encoder.encode(dataset.items);
  for (const index of [0, 7, 39]) {
    const { embeddings } = await encoder.encode([dataset.items[index]]);
    assert.ok(mostApart(embeddings, all.embeddings.slice(index * d, (index + 1) * d)) < 1e-5);
  }
  assert.deepEqual(await encoder.encode([]), {
    embeddings: new Float32Array(),
    categories: new Float32Array(),
  });
  const wordless = await encoder.encode([{ itemId: 'x', attributes: {} }]);
  assert.ok(wordless.embeddings.every(Number.isFinite) && wordless.embeddings.some((x) => x !== 0));
  await encoder.release();
});

const DAMAGES: Readonly<Record<string, readonly [(folder: string) => void, RegExp]>> = {
  'a file less': [
    (folder) => rmSync(path.join(folder, 'vocabulary.txt')),
    /vocabulary\.txt is missing; copy the whole folder again\.$/,
  ],
  'another file': [
    (folder) => appendFileSync(path.join(folder, 'language-model/config.json'), ' '),
    /language-model\/config\.json is another file than the one that was written; copy /,
  ],
  'a file too many': [
    (folder) => writeFileSync(path.join(folder, 'notes.txt'), ''),
    /notes\.txt is no file of an encoder; copy /,
  ],
  'an edited description': [
    (folder) => {
      const file = path.join(folder, 'encoder.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace('"width": 8', '"width": 9'));
    },
    /encoder\.json: got another content than what tslrec wrote; copy the folder again\.$/,
  ],
  'another format': [
    (folder) => {
      const file = path.join(folder, 'encoder.json');
      const { contentSha256, ...content } = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, sealedJson({ ...content, format: 2 }));
    },
    /encoder\.json: got the format 2, expected 1; use the version of tslrec that wrote it\.$/,
  ],
};

test('a folder that is not what was written is refused', async (context) => {
  for (const [what, [damage, message]] of Object.entries(DAMAGES)) {
    await context.test(what, async (own) => {
      const { folder } = await learnt(own);
      damage(folder);
      await assert.rejects(loadItemEncoder(folder, options), refused(message));
    });
  }
});

test('one item takes 50 ms at most with the small model, of a thousand each 1/20', async (context) => {
  const { quick } = PRESETS;
  const { recommender, adaptation } = quick;
  const { languageModel } = quick;
  const pretraining = { ...languageModel.own.pretraining, tokens: 1_000 };
  const preset = {
    ...quick,
    recommender: { ...recommender, steps: 1 },
    adaptation: { ...adaptation, members: 1 },
    languageModel: {
      ...languageModel,
      own: { ...languageModel.own, pretraining },
      sft: { ...languageModel.sft, epochs: 1, samplesPerEpoch: 32 },
    },
  };
  const learning = learningOn(await temporaryFolder(context), dataset, { preset });
  const folder = await keepEncoder(learning, await learn(learning, {}));
  const encoder = await loadItemEncoder(folder, options);
  const items = Array.from({ length: 1_000 }, (_, i) => ({
    ...dataset.items[i % 40],
    title: `${dataset.items[i % 40].title} ${i}`,
  }));
  /** The fastest of a few, in ms an item: other test files run beside this one. */
  const fastest = async (count: number) => {
    const times: number[] = [];
    for (let run = 0; run < 5; run++) {
      const began = performance.now();
      await encoder.encode(items.slice(0, count));
      times.push((performance.now() - began) / count);
    }
    return Math.min(...times);
  };
  const [one, each] = [await fastest(1), await fastest(1_000)];
  await encoder.release();
  context.diagnostic(`one ${one.toFixed(2)} ms, of a thousand ${each.toFixed(3)} ms each`);
  assert.ok(one < 50, `${one} ms`);
  assert.ok(20 * each < 50, `${each} ms each`);
});
