// Threads share the work of a training out among them and change nothing of its result: what a refresh learns
// is the same to the bit on any number of cores. A gated recurrent unit is the exception. Its gradient
// multiplies few rows by a long inner side, [B, 3 d] [3 d, d], which ONNX Runtime splits by columns, and how
// it then rounds depends on how many columns a thread has.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { SFT_TRAINING, sftBatch, sftModel } from '../../src/language-model/training/user-level-sft.ts';
import { initialValues } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import {
  SEQUENCE_MODEL_NAMES,
  SEQUENCE_MODELS,
  type SequenceModelName,
} from '../../src/recommenders/models.ts';
import { configureExecution } from '../../src/tensor/session.ts';
import { lastOf } from '../support/planted.ts';
import { smallLlama } from '../support/small-llama.ts';

/** Large enough that ONNX Runtime gives each of two threads a part of most operations. */
const N = 300;
const d = 64;
const USERS = 80;
const LENGTH = 30;
const random = createRandom('threads');
const sequences = Array.from({ length: USERS }, () =>
  Int32Array.from({ length: LENGTH }, () => random.integer(N)),
);
const features = Float32Array.from({ length: N * d }, () => random.normal());
const profile = {
  ...{
    itemCount: N,
    userCount: USERS,
    repeatable: new Uint8Array(N).fill(1),
    length: LENGTH,
    isDense: false,
  },
};

function onThreads<Result>(
  context: TestContext,
  count: number,
  work: () => Promise<Result>,
): Promise<Result> {
  context.after(() => configureExecution({ provider: 'cpu', threads: 1 }));
  configureExecution({ provider: 'cpu', threads: count });
  return work();
}

async function alike(context: TestContext, work: () => Promise<unknown>): Promise<void> {
  const alone = await onThreads(context, 1, work);
  for (const count of [2, 3]) {
    // No diff tells what is different: it would be of all weights, and take all memory.
    assert.ok(isDeepStrictEqual(await onThreads(context, count, work), alone), `${count} threads`);
  }
}

async function learn(name: SequenceModelName) {
  const { recommender, values, itemVectors } = await SEQUENCE_MODELS[name](profile, d).train(sequences, {
    table: { kind: 'dual', features, hidden: 128, trust: new Float32Array(N).fill(0.5) },
    ...{ batchSize: 40, positionsPerStep: 1_200, learningRate: 1e-2, seed: 1 },
    stopping: { kind: 'epochs', epochs: 1 },
    ...{ progress: silentProgress, name },
  });
  const scores = Float32Array.from(await recommender.score(lastOf(sequences)));
  await recommender.release();
  return { values, itemVectors, scores };
}

const RECURRENT: readonly SequenceModelName[] = ['gru4rec', 'gru4rec-bpr-max', 'narm'];

for (const name of SEQUENCE_MODEL_NAMES.filter((name) => !RECURRENT.includes(name))) {
  test(`${name} learns and scores the same on one thread and on several`, (context) =>
    alike(context, () => learn(name)));
}

for (const name of RECURRENT) {
  test(`${name} learns the same on one thread and on several, but for how it is rounded`, async (context) => {
    const [alone, together] = [
      await onThreads(context, 1, () => learn(name)),
      await onThreads(context, 2, () => learn(name)),
    ];
    const apart = together.itemVectors.map((x, i) => Math.abs(x - alone.itemVectors[i]));
    assert.ok(Math.max(...apart) < 1e-4);
  });
}

test('a language model is tuned the same on one thread and on several', (context) =>
  alike(context, async () => {
    const K = 8;
    const tuned = {
      architecture: { kind: 'decoder', config: smallLlama({ vocab_size: 500, hidden_size: 64 }) },
      ...{ lora: { rank: 8, alpha: 16, dropout: 0.05 }, pooling: 'mean' as const, categoryCount: K },
    } as const;
    const model = sftModel('training', tuned, 16, 64);
    const drawn = createRandom('texts');
    const examples = Array.from({ length: 16 }, () => ({
      tokens: Int32Array.from({ length: 64 }, () => drawn.integer(500)),
      target: new Float32Array(K).fill(1 / K),
    }));
    const trainer = await createTrainer([model], initialValues(model.parameters, drawn), {
      ...SFT_TRAINING,
      seed: 1,
    });
    const batch = sftBatch(examples, 16, 64, K);
    const losses = [await trainer.step(batch, 1e-3), await trainer.step(batch, 1e-3)];
    const values = trainer.values();
    await trainer.release();
    return { losses, values };
  }));
