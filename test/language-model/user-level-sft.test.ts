// A planted language: token t belongs to category t modulo 4, and a user's distribution is the share of each
// category in the prompt. The base model is noise: all that is learnt, the adapter and the head have learnt.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { type Architecture, hiddenStates } from '../../src/language-model/architecture.ts';
import {
  loadAdapter,
  loadBaseModel,
  saveAdapter,
  saveBaseModel,
} from '../../src/language-model/files/model-folder.ts';
import { pooledInputs } from '../../src/language-model/pooled/pooled-reader.ts';
import { HEAD, type TunedModel } from '../../src/language-model/pooled/tuned-model.ts';
import { trainTokenizer } from '../../src/language-model/tokenizer.ts';
import { pretrainCausal } from '../../src/language-model/training/causal-pretraining.ts';
import {
  fineTuneOnUsers,
  type SftExample,
  sftBatch,
  sftModel,
} from '../../src/language-model/training/user-level-sft.ts';
import { buildModel, initialValues, parameterFeeds, type Values } from '../../src/network/scope.ts';
import { isLoraParameter } from '../../src/network/transformer/lora.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { sizeOf } from '../../src/tensor/graph.ts';
import { createSession } from '../../src/tensor/session.ts';
import { readTokens } from '../support/read-tokens.ts';
import { smallLlama } from '../support/small-llama.ts';

const K = 4;
const tokenizer = await trainTokenizer(['abcdefgh'], 264);
const config = smallLlama({
  vocab_size: tokenizer.vocabularySize,
  num_hidden_layers: 1,
  num_attention_heads: 2,
});
const architecture: Architecture = { kind: 'decoder', config };

function plantedExamples(count: number, seed: string | number = 3): SftExample[] {
  const random = createRandom(seed);
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

const pretrained = await pretrainCausal(rows, {
  config,
  endOfText: 0,
  batchSize: 8,
  length: 18,
  tokens: 20_000,
  learningRate: 5e-3,
  seed: 1,
  progress: silentProgress,
});

test('pre-training learns what follows what: below half of the uniform loss', () => {
  const { loss } = pretrained;
  assert.ok(
    loss < Math.log(41) / 2,
    `${loss} nats a token; uniform over the tokens that occur is ${Math.log(41)}`,
  );
});

test('user-level SFT learns the distribution; base weights stay; folders give back the same', async () => {
  const base = pretrained.values;
  const {
    model,
    heldOutLoss = Number.NaN,
    meanAnswerLoss = Number.NaN,
  } = await fineTuneOnUsers(
    plantedExamples(400),
    { architecture, pooling: 'mean', values: base },
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

  const fresh = plantedExamples(100, 'fresh');
  const withoutAdapter = new Map(
    [...model.values].map(([name, { shape, values }]) => [
      name,
      { shape, values: name.endsWith('.lora_B.weight') ? new Float32Array(values.length) : values },
    ]),
  );
  const loss = await lossOn(fresh, model);
  const headAlone = await lossOn(fresh, { ...model, values: withoutAdapter });
  assert.ok(loss < 0.8 * headAlone, `${loss} nats of others; ${headAlone} with the adapter left out`);

  const texts = [Int32Array.of(1, 5, 9), Int32Array.of(4, 8), new Int32Array(), Int32Array.from(rows[3])];
  const read = await readTokens(model, texts, 64);
  const best = (row: number) => {
    const distribution = [...read.probabilities.subarray(row * K, (row + 1) * K)];
    assert.ok(Math.abs(distribution.reduce((sum, p) => sum + p, 0) - 1) < 1e-5);
    return distribution.indexOf(Math.max(...distribution));
  };
  assert.deepEqual([best(0), best(1), best(3)], [0, 3, 3]);
  assert.ok(
    read.vectors.subarray(2 * 32, 3 * 32).every((x) => x === 0),
    'an empty text has a hidden vector of zeros',
  );

  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-model-'));
  saveBaseModel(folder, base, config, tokenizer);
  saveAdapter(path.join(folder, 'adapter'), model, '..');
  const loaded = await loadAdapter(path.join(folder, 'adapter'), await loadBaseModel(folder));
  assert.deepEqual(await readTokens(loaded, texts, 64), read);
  await rm(folder, { recursive: true });
});

/** The mean over examples of -sum p log q, where q is what the model answers. */
async function lossOn(examples: readonly SftExample[], model: TunedModel): Promise<number> {
  const texts = examples.map(({ tokens }) => tokens);
  const { probabilities } = await readTokens(model, texts, 64);
  const losses = examples.map(({ target }, i) =>
    target.reduce((sum, p, k) => sum - p * Math.log(probabilities[i * K + k]), 0),
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / examples.length;
}

test('the loss of a soft target p is -sum p log q, a mean over examples without padding rows', async () => {
  const tuned = {
    ...{ architecture, lora: { rank: 2, alpha: 4, dropout: 0.5 } },
    ...{ pooling: 'mean' as const, categoryCount: K },
  } as const;
  const { graph, outputs, parameters } = sftModel('inference', tuned, 4, 16);
  const random = createRandom('soft');
  const values: Values = new Map(
    parameters.map(({ name, tensor: { shape } }) => [
      name,
      { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * random.normal()) },
    ]),
  );
  const examples = [
    { tokens: Int32Array.of(1, 2, 3), target: Float32Array.of(0.5, 0.25, 0.25, 0) },
    { tokens: Int32Array.of(9, 8), target: Float32Array.of(0.1, 0.2, 0.3, 0.4) },
    { tokens: Int32Array.of(7), target: Float32Array.of(0, 0, 1, 0) },
  ];
  const session = await createSession(graph, outputs);
  const feeds = { ...parameterFeeds(parameters, values), ...sftBatch(examples, 4, 16, K) };
  const { loss } = await session.run(feeds);
  await session.release();
  const wanted = await lossOn(examples, { ...tuned, values });
  assert.ok(Math.abs(loss[0] - wanted) < 1e-5, `${loss[0]}, by hand ${wanted}`);
});

test('who is held out is not learnt from, and decides which epoch is the best', async () => {
  // Two users of the same prompt and of other categories, one of whom is held out. The more is learnt of the
  // one, the worse is what is said of the other, so that the first epoch is the best: hardly better than
  // knowing nothing, ln K. Learnt from both, the loss would fall to ln 2, and to 0 where the one who is
  // learnt from is asked.
  const examples = [0, 1].map((category) => ({
    tokens: Int32Array.of(1, 2, 3),
    target: Float32Array.from({ length: K }, (_, k) => (k === category ? 1 : 0)),
  }));
  const noise = buildModel('training', (scope) => ({
    hidden: hiddenStates(scope, architecture, pooledInputs(scope, 1, 16)),
  }));
  const {
    model,
    heldOutLoss = Number.NaN,
    meanAnswerLoss = Number.NaN,
    history,
  } = await fineTuneOnUsers(
    examples,
    { architecture, pooling: 'mean', values: initialValues(noise.parameters, createRandom(1)) },
    {
      ...{ lora: { rank: 2, alpha: 4, dropout: 0 }, categoryCount: K, batchSize: 8, tokensAtOnce: 1_000 },
      ...{ maxTokens: 64, epochs: 12, patience: 12, samplesPerEpoch: 10, learningRate: 1e-2, seed: 1 },
      progress: silentProgress,
    },
  );
  assert.ok(history.at(-1)!.loss < 0.3, `learnt to ${history.at(-1)!.loss} nats`);
  assert.ok(heldOutLoss > Math.log(K), `${heldOutLoss} nats`);
  assert.deepEqual(
    history.map(({ metric }) => metric).toSorted((one, other) => other! - one!),
    history.map(({ metric }) => metric),
  );
  // The model that is given back is the first epoch's.
  const losses = await Promise.all(examples.map((example) => lossOn([example], model)));
  assert.ok(Math.abs(Math.max(...losses) - heldOutLoss) < 1e-5, `${losses}, held out ${heldOutLoss}`);
  assert.ok(Math.min(...losses) < Math.log(K), 'one user is learnt from');
  assert.ok(meanAnswerLoss > 10, 'the mean of who is learnt from says 0 of the other category');
});

test('a twentieth of the users is held out, and an epoch draws as many others as it is told', async () => {
  const half = (user: number) => Float32Array.of(user % 2, 1 - (user % 2), 0, 0);
  const examples = Array.from({ length: 100 }, (_, user) => ({
    tokens: Int32Array.from({ length: 1 + (user % 40) }, () => 1),
    target: half(user),
  }));
  const steps: number[] = [];
  const { heldOutLoss = Number.NaN, meanAnswerLoss = Number.NaN } = await fineTuneOnUsers(
    examples,
    { architecture, pooling: 'mean', values: pretrained.values },
    {
      ...{ lora: { rank: 2, alpha: 4, dropout: 0 }, categoryCount: K, batchSize: 5, tokensAtOnce: 1_000 },
      ...{ maxTokens: 16, epochs: 3, patience: 3, samplesPerEpoch: 20, learningRate: 0, seed: 1 },
      progress: {
        start: (name, total) => {
          steps.push(total);
          return silentProgress.start(name, total);
        },
      },
    },
  );
  assert.deepEqual(steps, [3 * 4], 'three epochs of four batches of five');
  // A head that has learnt nothing says 1/4 to everybody.
  assert.ok(Math.abs(heldOutLoss - Math.log(4)) < 1e-5, `${heldOutLoss}`);
  // Where `first` of the five held out have the first category, 50 - first of 95 learnt ones have it.
  const meanAnswers = [0, 1, 2, 3, 4, 5].map((first) => {
    const [p, q] = [(50 - first) / 95, (45 + first) / 95];
    return -(first / 5) * Math.log(p) - (1 - first / 5) * Math.log(q);
  });
  assert.ok(
    meanAnswers.some((loss) => Math.abs(loss - meanAnswerLoss) < 1e-6),
    `${meanAnswerLoss}, of five: ${meanAnswers}`,
  );
});

test('each epoch draws its samples anew', async () => {
  // All prompts are the same and half of the users have another category: of one sample again and again the
  // answer would be learnt, of one after the other it cannot be.
  const examples = Array.from({ length: 40 }, (_, user) => ({
    tokens: Int32Array.of(1, 2, 3),
    target: Float32Array.of(user % 2, 1 - (user % 2), 0, 0),
  }));
  const { history } = await fineTuneOnUsers(
    examples,
    { architecture, pooling: 'mean', values: pretrained.values },
    {
      ...{ lora: { rank: 2, alpha: 4, dropout: 0 }, categoryCount: K, batchSize: 1, tokensAtOnce: 1_000 },
      ...{ maxTokens: 16, epochs: 24, patience: 24, samplesPerEpoch: 1, learningRate: 1e-2, seed: 1 },
      progress: silentProgress,
    },
  );
  const late = history.slice(12).map(({ loss }) => loss);
  assert.ok(Math.max(...late) > 0.5, `${late}`);
});

test('a batch in parts teaches the same as a whole one, the short last batch of a bucket too', async () => {
  const { values } = pretrained;
  const tune = (tokensAtOnce: number) =>
    fineTuneOnUsers(
      plantedExamples(60),
      { architecture, pooling: 'mean', values },
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
