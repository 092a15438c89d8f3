// The stage with the settings of each preset: what it tunes is the model, not the head on it alone.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { PRESETS } from '../../jobs/presets.ts';
import { fineTune } from '../../jobs/stages/fine-tune.ts';
import { loadBaseModel } from '../../src/language-model/files/model-folder.ts';
import type { Values } from '../../src/network/scope.ts';
import { fixtures } from '../support/model-folders.ts';
import { readTokens } from '../support/read-tokens.ts';
import { dataOf, learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';

const base = await loadBaseModel(path.join(fixtures, 'llama-2'));
const WORDS = ['warm', 'green', 'tent'];
const samples = Array.from({ length: 60 }, (_, user) => ({
  userId: `${user}`,
  prompt: `${WORDS[user % 3]} `.repeat(1 + (user % 4)),
  target: Float32Array.from(WORDS, (_, k) => (k === user % 3 ? 0.75 : 0.125)),
}));
const texts = await base.tokenizer.encode(WORDS);

for (const [name, preset] of Object.entries(PRESETS)) {
  test(`${name}: the adapter moves the hidden vectors of the items`, async (context) => {
    const folder = await temporaryFolder(context);
    const learning = learningOn(folder, dataOf([], 1), { preset });
    const tunable = { ...base, key: 'llama-2', learningRate: 5e-3 };
    const { model } = await fineTune(learning, { key: 'words', samples }, 3, tunable);
    const hiddenWith = async (values: Values) => (await readTokens({ ...model, values }, texts, 32)).vectors;
    const tuned = await hiddenWith(model.values);
    const untuned = await hiddenWith(
      new Map(
        [...model.values].map(([parameter, { shape, values }]) => [
          parameter,
          { shape, values: values.map((x) => (parameter.endsWith('.lora_B.weight') ? 0 : x)) },
        ]),
      ),
    );
    const moved = Math.hypot(...tuned.map((x, i) => x - untuned[i])) / Math.hypot(...untuned);
    assert.ok(moved > 0.01, `by ${moved} of their length`);
  });
}
