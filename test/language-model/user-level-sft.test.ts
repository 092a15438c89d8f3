// A planted language: token t belongs to category t modulo 4, and a user's distribution is the share of each
// category in the prompt. The base model is noise: all that is learnt, the adapter and the head have learnt.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pretrainCausal } from '../../src/language-model/causal-pretraining.ts';
import { isLoraParameter } from '../../src/language-model/lora.ts';
import {
  loadAdapter,
  loadBaseModel,
  saveAdapter,
  saveBaseModel,
} from '../../src/language-model/model-folder.ts';
import { trainTokenizer } from '../../src/language-model/tokenizer.ts';
import { HEAD, readTexts } from '../../src/language-model/tuned-model.ts';
import { fineTuneOnUsers, type SftExample } from '../../src/language-model/user-level-sft.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { smallLlama } from '../support/small-llama.ts';

const K = 4;
const tokenizer = await trainTokenizer(['abcdefgh'], 264);
const config = smallLlama({
  vocab_size: tokenizer.vocabularySize,
  num_hidden_layers: 1,
  num_attention_heads: 2,
});

function plantedExamples(count: number): SftExample[] {
  const random = createRandom(3);
  return Array.from({ length: count }, () => {
    const liked = [random.integer(K), random.integer(K)];
    const tokens = Int32Array.from(
      { length: 6 },
      () => 1 + 4 * random.integer(10) + liked[random.integer(2)],
    );
    const target = new Float32Array(K);
    for (const token of tokens) target[(token - 1) % K] += 1 / tokens.length;
    return { tokens, target };
  });
}

/** Rows of 8 tokens, each row from one category: what co-occurs can be learnt from text alone. */
const rows = Array.from({ length: 200 }, (_, row) =>
  Int32Array.from({ length: 8 }, (_, i) => 1 + 4 * ((row * 7 + i * 3) % 10) + (row % K)),
);

async function pretrain() {
  return pretrainCausal(rows, {
    config,
    endOfText: 0,
    batchSize: 8,
    length: 18,
    tokens: 20_000,
    learningRate: 5e-3,
    seed: 1,
    progress: silentProgress,
  });
}

test('pre-training learns what follows what: below half of the uniform loss', async () => {
  const { loss } = await pretrain();
  assert.ok(
    loss < Math.log(41) / 2,
    `${loss} nats a token; uniform over the tokens that occur is ${Math.log(41)}`,
  );
});

test('user-level SFT reads the distribution off the prompt; base weights stay; folders give back the same model', async () => {
  const base = (await pretrain()).values;
  const { model, heldOutLoss, meanAnswerLoss } = await fineTuneOnUsers(
    plantedExamples(400),
    { architecture: { kind: 'decoder', config }, pooling: 'mean', values: base },
    {
      lora: { rank: 8, alpha: 16, dropout: 0 },
      categoryCount: K,
      batchSize: 16,
      tokensAtOnce: 1_000,
      maxTokens: 64,
      epochs: 12,
      patience: 12,
      samplesPerEpoch: 1_000,
      learningRate: 1e-2,
      seed: 1,
      progress: silentProgress,
    },
  );
  assert.ok(
    heldOutLoss < 0.7 * meanAnswerLoss,
    `${heldOutLoss} nats, always answering the mean ${meanAnswerLoss}`,
  );
  for (const [name, tensor] of model.values) {
    if (name !== HEAD && !isLoraParameter(name))
      assert.deepEqual(tensor, base.get(name), `${name} has moved`);
  }

  const texts = [Int32Array.of(1, 5, 9), Int32Array.of(4, 8), new Int32Array(), Int32Array.from(rows[3])];
  const options = { maxTokens: 64, name: 'read', progress: silentProgress };
  const read = await readTexts(model, texts, options);
  const best = (row: number) => {
    const distribution = [...read.distributions.subarray(row * K, (row + 1) * K)];
    assert.ok(Math.abs(distribution.reduce((sum, p) => sum + p, 0) - 1) < 1e-5);
    return distribution.indexOf(Math.max(...distribution));
  };
  assert.deepEqual([best(0), best(1), best(3)], [0, 3, 3]);
  assert.ok(
    read.hidden.subarray(2 * 32, 3 * 32).every((x) => x === 0),
    'an empty text has a hidden vector of zeros',
  );

  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-model-'));
  saveBaseModel(folder, base, config, tokenizer);
  saveAdapter(path.join(folder, 'adapter'), model, '..');
  const loaded = await loadAdapter(path.join(folder, 'adapter'), await loadBaseModel(folder));
  assert.deepEqual(await readTexts(loaded, texts, options), read);
  await rm(folder, { recursive: true });
});

test('a batch in parts teaches the same as a whole one, the short last batch of a bucket too', async () => {
  const { values } = await pretrain();
  const tune = (tokensAtOnce: number) =>
    fineTuneOnUsers(
      plantedExamples(60),
      { architecture: { kind: 'decoder', config }, pooling: 'mean', values },
      {
        ...{
          lora: { rank: 2, alpha: 4, dropout: 0 },
          categoryCount: K,
          batchSize: 16,
          tokensAtOnce,
          maxTokens: 64,
        },
        ...{
          epochs: 2,
          patience: 2,
          samplesPerEpoch: 100,
          learningRate: 1e-3,
          seed: 1,
          progress: silentProgress,
        },
      },
    );
  const [whole, parts] = [await tune(1_000), await tune(5 * 16)];
  for (const [name, { values: learnt }] of whole.model.values) {
    const other = parts.model.values.get(name)!.values;
    learnt.forEach((x, i) => {
      assert.ok(Math.abs(x - other[i]) < 1e-4, `${name}[${i}]: ${x} at once, ${other[i]} in parts`);
    });
  }
});
