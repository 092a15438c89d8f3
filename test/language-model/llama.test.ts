// The Llama graph against transformers, and the adapter against PEFT, on small random weights
// (test/fixtures/llama.py made them).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { type LlamaConfig, type LoraConfig, llama, tokenEmbeddings } from '../../src/language-model/llama.ts';
import { readSafetensors } from '../../src/network/safetensors.ts';
import { buildModel, initialValues, parameterFeeds, type Values } from '../../src/network/scope.ts';
import { createRandom } from '../../src/random.ts';
import { matmul, swapLast } from '../../src/tensor/functions.ts';
import { createSession } from '../../src/tensor/session.ts';

const folder = path.join(import.meta.dirname, '../fixtures/llama');
const expected = JSON.parse(await readFile(path.join(folder, 'expected.json'), 'utf8')) as {
  tokens: number[][];
  hidden: number[];
  logits: number[];
  adaptedHidden: number[];
};
const config: LlamaConfig = {
  ...JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')),
  rope_theta: 10_000,
};
const lora: LoraConfig = { rank: 4, alpha: 8, dropout: 0 };
const base = (await readSafetensors(path.join(folder, 'model.safetensors'))).tensors;

async function run(values: Values, adapter?: LoraConfig) {
  const [B, L] = [2, 12];
  const model = buildModel('inference', (scope) => {
    const embeddings = tokenEmbeddings(scope, config);
    const hidden = llama(scope, scope.graph.input('tokens', [B, L], 'int32'), embeddings, config, adapter);
    return { hidden, logits: matmul(hidden, swapLast(embeddings)) };
  });
  const session = await createSession(model.graph, model.outputs);
  const all = new Map([...initialValues(model.parameters, createRandom(1)), ...values]);
  const tokens = Int32Array.from(expected.tokens.flat());
  const result = await session.run({ ...parameterFeeds(model.parameters, all), tokens });
  await session.release();
  return result;
}

/** Largest difference, relative to the largest expected value. */
function error(got: Float32Array, wanted: readonly number[]): number {
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, i) => Math.abs(value - got[i]))) / largest;
}

test('hidden states and logits equal those of transformers within 1e-5', async () => {
  const { hidden, logits } = await run(base);
  assert.equal(hidden.length, expected.hidden.length);
  assert.ok(error(hidden, expected.hidden) < 1e-5, `hidden states differ by ${error(hidden, expected.hidden)}`);
  assert.ok(error(logits, expected.logits) < 1e-5, `logits differ by ${error(logits, expected.logits)}`);
});

test('with a LoRA adapter from PEFT the hidden states equal those of PEFT within 1e-5', async () => {
  const { tensors } = await readSafetensors(path.join(folder, 'adapter/adapter_model.safetensors'));
  const adapter = [...tensors].map(([name, tensor]) => [name.replace('base_model.model.', ''), tensor] as const);
  const { hidden } = await run(new Map([...base, ...adapter]), lora);
  assert.ok(error(hidden, expected.adaptedHidden) < 1e-5, `they differ by ${error(hidden, expected.adaptedHidden)}`);
  assert.ok(error(hidden, expected.hidden) > 0.01, 'the adapter changes nothing');
});

test('a fresh adapter changes nothing', async () => {
  assert.deepEqual((await run(base, lora)).hidden, (await run(base)).hidden);
});
