// Small random models of each family, and adapters on them, against transformers and PEFT
// (test/fixtures/language-models.py made them): the same hidden states and logits at every token of a padded
// batch.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import {
  type Architecture,
  hiddenStates,
  parametersOf,
  readArchitecture,
} from '../../src/language-model/architecture.ts';
import { readModelWeights } from '../../src/language-model/files/model-weights.ts';
import { readAdapter } from '../../src/language-model/files/peft-adapter.ts';
import { pooledBatch } from '../../src/language-model/pooled/pooled-batches.ts';
import { pooledInputs } from '../../src/language-model/pooled/pooled-reader.ts';
import {
  buildModel,
  initialValues,
  type Parameter,
  parameterFeeds,
  type Values,
} from '../../src/network/scope.ts';
import { llama, outputTable, tokenEmbeddings } from '../../src/network/transformer/llama.ts';
import { isLoraParameter, type LoraConfig } from '../../src/network/transformer/lora.ts';
import { createRandom } from '../../src/random.ts';
import { matmul, swapLast } from '../../src/tensor/functions.ts';
import type { Tensor } from '../../src/tensor/graph.ts';
import { createSession } from '../../src/tensor/session.ts';
import { fixtures } from '../support/model-folders.ts';

interface Expected {
  readonly texts: readonly Int32Array[];
  readonly length: number;
  readonly hidden: Float32Array;
  readonly logits?: Float32Array;
}

async function expectedIn(folder: string): Promise<Expected> {
  const { tensors } = await readSafetensors(path.join(folder, 'expected.safetensors'));
  const [B, L] = tensors.get('tokens')!.shape;
  const [tokens, mask] = ['tokens', 'mask'].map((name) => tensors.get(name)!.values);
  const texts = Array.from({ length: B }, (_, b) => {
    const count = mask.subarray(b * L, (b + 1) * L).reduce((sum, one) => sum + one, 0);
    return Int32Array.from(tokens.subarray(b * L, b * L + count));
  });
  return { texts, length: L, hidden: tensors.get('hidden')!.values, logits: tensors.get('logits')?.values };
}

/** Hidden states [B, L, H] of a padded batch and, of a decoder with an output layer, logits [B, L, V]. */
async function run(
  architecture: Architecture,
  read: (parameters: readonly Parameter[]) => Promise<Values>,
  { texts, length: L, logits }: Expected,
  lora?: LoraConfig,
): Promise<Record<string, Float32Array>> {
  const B = texts.length;
  const model = buildModel('inference', (scope): Record<string, Tensor> => {
    const inputs = pooledInputs(scope, B, L);
    if (architecture.kind === 'encoder' || !logits)
      return { hidden: hiddenStates(scope, architecture, inputs, lora) };
    const embeddings = tokenEmbeddings(scope, architecture.config);
    const hidden = llama(scope, inputs.tokens, embeddings, architecture.config, lora);
    return { hidden, logits: matmul(hidden, swapLast(outputTable(scope, embeddings, architecture.config))) };
  });
  const session = await createSession(model.graph, model.outputs);
  const values = await read(model.parameters);
  const result = await session.run({
    ...parameterFeeds(model.parameters, values),
    ...pooledBatch(texts, B, L),
  });
  await session.release();
  return result;
}

/** Largest difference at a token, relative to the largest expected value. */
function difference(got: Float32Array, wanted: Float32Array, { texts, length }: Expected): number {
  assert.equal(got.length, wanted.length);
  const width = wanted.length / (texts.length * length);
  let [largest, error] = [0, 0];
  texts.forEach((text, b) => {
    for (let i = b * length * width; i < (b * length + text.length) * width; i++) {
      largest = Math.max(largest, Math.abs(wanted[i]));
      error = Math.max(error, Math.abs(wanted[i] - got[i]));
    }
  });
  return error / largest;
}

function assertClose(got: Record<string, Float32Array>, expected: Expected): void {
  for (const name of ['hidden', 'logits'] as const) {
    if (expected[name] === undefined) continue;
    const error = difference(got[name], expected[name], expected);
    assert.ok(error < 3e-5, `${name} differ by ${error}`);
  }
}

for (const name of readdirSync(fixtures)) {
  const folder = path.join(fixtures, name);
  test(`${name}: hidden states and logits are those of transformers`, async () => {
    const expected = await expectedIn(folder);
    const architecture = await readArchitecture(folder);
    assertClose(
      await run(
        architecture,
        (parameters) => readModelWeights(folder, architecture.kind, parameters),
        expected,
      ),
      expected,
    );
  });

  for (const adapterName of readdirSync(folder).filter((inside) => inside.startsWith('adapter'))) {
    test(`${name}/${adapterName}: what it makes of its model is what it makes of it in PEFT`, async () => {
      const adapterFolder = path.join(folder, adapterName);
      const architecture = await readArchitecture(folder);
      const { lora, values } = await readAdapter(adapterFolder, architecture);
      const read = async (parameters: readonly Parameter[]): Promise<Values> => {
        const own = parameters.filter((parameter) => !isLoraParameter(parameter.name));
        return new Map([...(await readModelWeights(folder, architecture.kind, own)), ...values]);
      };
      const expected = await expectedIn(adapterFolder);
      assertClose(await run(architecture, read, expected, lora), expected);
      const plain = await expectedIn(folder);
      assert.ok(difference(expected.hidden, plain.hidden, plain) > 0.01, 'the adapter changes nothing');
    });
  }
}

test('a fresh adapter changes nothing', async () => {
  const folder = path.join(fixtures, 'llama-2');
  const expected = await expectedIn(folder);
  const architecture = await readArchitecture(folder);
  const lora: LoraConfig = {
    rank: 4,
    alpha: 8,
    dropout: 0,
    targetModules: ['q_proj', 'layers.1.mlp.up_proj'],
  };
  const base = await readModelWeights(folder, 'decoder', parametersOf(architecture));
  const adapters = parametersOf(architecture, lora).filter(({ name }) => isLoraParameter(name));
  assert.deepEqual(
    adapters.map(({ name }) => name.replace('model.layers.', '').replace('.weight', '')),
    [
      ...['0.self_attn.q_proj.lora_A', '0.self_attn.q_proj.lora_B'],
      ...['1.self_attn.q_proj.lora_A', '1.self_attn.q_proj.lora_B'],
      ...['1.mlp.up_proj.lora_A', '1.mlp.up_proj.lora_B'],
    ],
  );
  const { logits, ...hiddenOnly } = expected;
  const adapted = new Map([...base, ...initialValues(adapters, createRandom(1))]);
  assert.deepEqual(
    await run(architecture, async () => adapted, hiddenOnly, lora),
    await run(architecture, async () => base, hiddenOnly),
  );
});
