// The local model keeps the contract that the hosted one keeps: a small random Llama with an adapter and a
// head.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { parametersOf } from '../../src/language-model/architecture.ts';
import {
  loadAdapter,
  loadBaseModel,
  saveAdapter,
  saveBaseModel,
} from '../../src/language-model/files/model-folder.ts';
import { createLocalModel, loadLocalModel } from '../../src/language-model/local/local-model.ts';
import { HEAD } from '../../src/language-model/pooled/tuned-model.ts';
import { trainTokenizer } from '../../src/language-model/tokenizer.ts';
import { initialValues } from '../../src/network/scope.ts';
import { createRandom } from '../../src/random.ts';
import { collect } from '../support/collect.ts';
import { languageModelContract } from '../support/language-model-contract.ts';
import { fixtures } from '../support/model-folders.ts';
import { smallLlama } from '../support/small-llama.ts';
import { temporaryFolder } from '../support/stores.ts';

const WORDS = [
  'the cat sat on the mat',
  'a dog ran to the house',
  'the dog and the cat ate a fish on the mat',
];

async function smallModel(context: Parameters<typeof temporaryFolder>[0]) {
  const folder = await temporaryFolder(context);
  const tokenizer = await trainTokenizer(
    WORDS.flatMap((text) => Array<string>(20).fill(text)),
    320,
  );
  const config = smallLlama({ vocab_size: tokenizer.vocabularySize, max_position_embeddings: 256 });
  const lora = { rank: 4, alpha: 8, dropout: 0, targetModules: undefined };
  const random = createRandom('small model');
  const values = initialValues(parametersOf({ kind: 'decoder', config }), random);
  for (const { values: weights } of values.values()) for (let i = 0; i < weights.length; i++) weights[i] *= 8;
  const [base, adapter] = [path.join(folder, 'base'), path.join(folder, 'adapter')];
  saveBaseModel(base, values, config, tokenizer);
  const tuned = initialValues(parametersOf({ kind: 'decoder', config }, lora), random);
  for (const [name, { values: weights }] of tuned) if (/lora_B/.test(name)) weights.fill(0.02);
  const K = 5;
  tuned.set(HEAD, { shape: [K, 32], values: Float32Array.from({ length: K * 32 }, () => random.normal()) });
  saveAdapter(
    adapter,
    { architecture: { kind: 'decoder', config }, lora, pooling: 'mean', categoryCount: K, values: tuned },
    '../base',
  );
  return { base, adapter };
}

const PROMPT = 'the cat sat on';
const CHOICES = [' the', ' a', ' dog', ' cat'];

/** Its chat template opens the draft, which it has not learnt to close. */
async function drafting(context: TestContext) {
  const { base } = await smallModel(context);
  await writeFile(path.join(base, 'chat_template.jinja'), '{{ messages[0].content }}<think>\n');
  const model = await loadLocalModel(base, { random: createRandom(1) });
  context.after(() => model.release());
  return model;
}

languageModelContract('a local model with an adapter and a head', async (context) => {
  const { base, adapter } = await smallModel(context);
  const model = await loadLocalModel(base, { adapter, random: createRandom(1) });
  context.after(() => model.release());
  return { model, prompt: PROMPT, choices: CHOICES, drafting: await drafting(context) };
});

languageModelContract(
  'a local model as it is',
  async (context) => {
    const { base } = await smallModel(context);
    const model = await loadLocalModel(base, { random: createRandom(1) });
    context.after(() => model.release());
    return { model, prompt: PROMPT, choices: CHOICES, drafting: await drafting(context) };
  },
  ['classify'],
);

languageModelContract(
  'a tuned model in memory',
  async (context) => {
    const { base, adapter } = await smallModel(context);
    const { tokenizer, ...loaded } = await loadBaseModel(base);
    context.after(() => tokenizer.release());
    const model = createLocalModel({
      name: 'tuned',
      model: await loadAdapter(adapter, { ...loaded, tokenizer }),
      tokenizer,
      limit: { maxTokens: 64, kind: 'prompt' },
    });
    context.after(() => model.release());
    return { model, prompt: PROMPT, choices: CHOICES };
  },
  ['generate', 'score'],
);

languageModelContract(
  'an encoder',
  async (context) => {
    const model = await loadLocalModel(path.join(fixtures, 'bert'));
    context.after(() => model.release());
    return { model, prompt: PROMPT, choices: CHOICES };
  },
  ['classify', 'generate', 'score'],
);

test('a folder gives the numbers that the values in memory gave, alone and among others', async (context) => {
  const { base, adapter } = await smallModel(context);
  const loaded = await loadBaseModel(base);
  context.after(() => loaded.tokenizer.release());
  const inMemory = createLocalModel({
    name: 'tuned',
    model: await loadAdapter(adapter, loaded),
    tokenizer: loaded.tokenizer,
    limit: { maxTokens: 16, kind: 'prompt' },
  });
  const inFolder = await loadLocalModel(base, { adapter, maxTokens: 16, readsOnly: true });
  context.after(() => Promise.all([inMemory.release(), inFolder.release()]));
  const texts = Array.from({ length: 300 }, (_, i) => `${WORDS[i % 3]} ${'a '.repeat(i % 30)}${i}`);
  const wanted = await inMemory.read(texts);
  assert.deepEqual(await inFolder.read(texts), wanted);
  const { vectors } = await inFolder.read([texts[299]]);
  assert.ok(vectors.every((x, c) => Math.abs(x - wanted.vectors[299 * wanted.width + c]) < 1e-5));
});

test('released while it reads and answers: both end with the reason, nothing crashes', async (context) => {
  const { base, adapter } = await smallModel(context);
  const model = await loadLocalModel(base, { adapter, random: createRandom(1) });
  const calls = [
    model.embed(Array<string>(600).fill(WORDS[0])),
    model.score(PROMPT, CHOICES),
    collect(model.generate([{ role: 'user', content: PROMPT }], { maxTokens: 200 })),
  ];
  const settled = Promise.allSettled(calls);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await model.release();
  for (const result of await settled) {
    assert.equal(result.status, 'rejected');
    assert.match(String(result.reason), /was released: open it again to ask it/);
  }
});

test('an answer that leaves no room for a prompt is refused', async (context) => {
  const { base } = await smallModel(context);
  const model = await loadLocalModel(base);
  context.after(() => model.release());
  await assert.rejects(
    collect(model.generate([{ role: 'user', content: PROMPT }], { maxTokens: 256 })),
    /base reads 256 tokens, of which an answer of up to 256 leaves none for the prompt: ask for a shorter/,
  );
});

test("a choice that joins the prompt's last token: as behind it all, told as not exact", async (context) => {
  const { base } = await smallModel(context);
  const model = await loadLocalModel(base);
  context.after(() => model.release());
  // "the" is one token, "t" and "he" are others.
  const {
    logProbabilities: [joined],
    exact,
  } = await model.score('sat on t', ['he']);
  const {
    logProbabilities: [whole, part],
    exact: isExact,
  } = await model.score('sat on', [' the', ' t']);
  assert.deepEqual([exact, isExact], [false, true]);
  assert.ok(Math.abs(joined - Math.min(0, whole - part)) < 1e-4, `${joined}, wanted ${whole} - ${part}`);
});

test('an adapter on the output layer, which answers would need, is refused', async () => {
  const base = path.join(fixtures, 'llama-2');
  await assert.rejects(
    loadLocalModel(base, { adapter: path.join(base, 'adapter-output') }),
    /adapter-output: got an adapter on the output layer lm_head too, .*; merge it .* and give that folder\.$/,
  );
});

test('a higher temperature has other answers, the same seed the same ones', async (context) => {
  const { base } = await smallModel(context);
  const answers = async (seed: number) => {
    const model = await loadLocalModel(base, { random: createRandom(seed) });
    const answer = async () =>
      (
        await collect(model.generate([{ role: 'user', content: PROMPT }], { maxTokens: 10, temperature: 2 }))
      ).join('');
    const both = [await answer(), await answer()];
    await model.release();
    return both;
  };
  const [first, second] = await answers(1);
  assert.notEqual(first, second);
  assert.deepEqual(await answers(1), [first, second]);
});
