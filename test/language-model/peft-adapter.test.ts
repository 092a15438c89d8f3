// LoRA adapters that PEFT computes in another way, or that do not fit: refused. What this project writes is
// read back.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type Architecture, parametersOf, readArchitecture } from '../../src/language-model/architecture.ts';
import { readAdapter, writeAdapter } from '../../src/language-model/files/peft-adapter.ts';
import { initialValues } from '../../src/network/scope.ts';
import { checkTargets, isLoraParameter, type LoraConfig } from '../../src/network/transformer/lora.ts';
import { createRandom } from '../../src/random.ts';
import { refused } from '../support/errors.ts';
import { copyOf, editJson, editTensors, fixtures } from '../support/model-folders.ts';
import { temporaryFolder } from '../support/stores.ts';

const llama2 = await readArchitecture(path.join(fixtures, 'llama-2'));

const REFUSED: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [
    { peft_type: 'IA3' },
    /peft_type: got "IA3", expected "LORA"; merge this adapter into its model with PEFT/,
  ],
  [{ use_dora: true }, /use_dora: got true, expected one of null\|false;/],
  [{ modules_to_save: ['lm_head'] }, /modules_to_save: got \["lm_head"\], expected none;/],
  [{ rank_pattern: { q_proj: 2 } }, /rank_pattern: got \{"q_proj":2\}, expected none;/],
  [{ alpha_pattern: { q_proj: 2 } }, /alpha_pattern: got \{"q_proj":2\}, expected none;/],
  [{ bias: 'lora_only' }, /bias: got "lora_only", expected "none";/],
  [{ lora_bias: true }, /lora_bias: got true/],
  [{ fan_in_fan_out: true }, /fan_in_fan_out: got true/],
  [{ init_lora_weights: 'pissa' }, /init_lora_weights: got "pissa", expected one of true\|false\|/],
  [{ layer_replication: [[0, 2]] }, /layer_replication: got \[\[0,2\]\], expected none;/],
  [{ trainable_token_indices: [1] }, /trainable_token_indices: got \[1\], expected none;/],
  [{ target_parameters: ['experts'] }, /target_parameters: got \["experts"\], expected none;/],
  [{ target_modules: null }, /target_modules: got null, expected a list of names or a regular expression;/],
  [{ target_modules: ['query'] }, /target_modules: got \["query"\], expected linear layers of the model;/],
  [{ target_modules: '(unclosed' }, /got the pattern "\(unclosed", expected one that JavaScript understands/],
  [{ r: undefined }, /r: got nothing, expected number;/],
];

for (const [changes, message] of REFUSED) {
  test(`an adapter with ${JSON.stringify(changes)} is refused`, async (context) => {
    const folder = await copyOf(context, 'llama-2/adapter-some');
    await editJson(path.join(folder, 'adapter_config.json'), changes);
    await assert.rejects(
      readAdapter(folder, llama2),
      refused(message, path.join(folder, 'adapter_config.json')),
    );
  });
}

test('tensors that adapter_config.json does not tell, or tells otherwise, are named', async (context) => {
  const folder = await copyOf(context, 'llama-2/adapter-some');
  const config = path.join(folder, 'adapter_config.json');
  await editJson(config, { r: 2 });
  await assert.rejects(
    readAdapter(folder, llama2),
    refused(
      /adapter_model\.\S+: got a tensor \S+\.lora_A\.weight of shape \[3,16\], expected \[2,16\] by \S+/,
    ),
  );
  await editJson(config, { r: 3, target_modules: ['q_proj'] });
  await assert.rejects(
    readAdapter(folder, llama2),
    refused(/got a tensor \S+v_proj\.lora_A\.weight of shape .*expected no tensor/),
  );
  await editJson(config, { target_modules: ['q_proj', 'v_proj', 'o_proj'] });
  await assert.rejects(
    readAdapter(folder, llama2),
    refused(/got no tensor model\.layers\.0\.self_attn\.o_proj\.lora_A\.weight/),
  );
  await editJson(config, { target_modules: ['q_proj', 'v_proj'] });
  await editTensors(path.join(folder, 'adapter_model.safetensors'), (tensors) =>
    tensors.set('base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight', {
      shape: [1],
      values: new Float32Array(1),
    }),
  );
  await assert.rejects(
    readAdapter(folder, llama2),
    refused(/got a tensor \S+lora_magnitude_vector\.weight .*expected no tensor/),
  );
});

test('an adapter of another model is refused', async () => {
  const bert = await readArchitecture(path.join(fixtures, 'bert'));
  await assert.rejects(
    readAdapter(path.join(fixtures, 'llama-2/adapter-some'), bert),
    refused(/target_modules: got .* expected linear layers of the model; give the model .* was trained on\./),
  );
});

for (const targetModules of [undefined, ['q_proj', 'v_proj'], ['model.layers.1.mlp.up_proj']]) {
  test(`what is written is read back: ${targetModules ?? 'all projections'}`, async (context) => {
    const folder = await temporaryFolder(context);
    const lora: LoraConfig = { rank: 2, alpha: 3, dropout: 0.1, targetModules };
    const parameters = parametersOf(llama2, lora);
    const values = initialValues(parameters, createRandom(1));
    writeAdapter(folder, 'base', { architecture: llama2, lora, values });
    const read = await readAdapter(folder, llama2);
    assert.deepEqual({ ...read.lora, targetModules: undefined }, { ...lora, targetModules: undefined });
    assert.deepEqual(
      new Map([...read.values].sort()),
      new Map([...values].filter(([name]) => isLoraParameter(name)).sort()),
    );
    assert.deepEqual(namesOf(llama2, read.lora), namesOf(llama2, lora));
  });
}

test("an encoder's adapter does not stand on its pooler, whose name ends as layers' do", async (context) => {
  const folder = await temporaryFolder(context);
  const bert = await readArchitecture(path.join(fixtures, 'bert'));
  const lora: LoraConfig = { rank: 2, alpha: 3, dropout: 0 };
  writeAdapter(folder, 'base', {
    architecture: bert,
    lora,
    values: initialValues(parametersOf(bert, lora), createRandom(1)),
  });
  const { target_modules, exclude_modules } = JSON.parse(
    readFileSync(path.join(folder, 'adapter_config.json'), 'utf8'),
  );
  assert.deepEqual([target_modules, exclude_modules], [['query', 'key', 'value', 'dense'], ['pooler.dense']]);
  assert.deepEqual(namesOf(bert, (await readAdapter(folder, bert)).lora), namesOf(bert, lora));
});

const namesOf = (architecture: Architecture, lora: LoraConfig) =>
  parametersOf(architecture, lora).map(({ name }) => name);

test('targets that the model does not have are refused before training', () => {
  const check = (targetModules?: readonly string[]) =>
    checkTargets(parametersOf(llama2), { rank: 1, alpha: 1, dropout: 0, targetModules });
  check();
  check(['q_proj', 'model.layers.1.mlp.up_proj']);
  assert.throws(
    () => check(['q_proj', 'w_proj']),
    refused(
      /"w_proj", which is no linear .*; it has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_/,
    ),
  );
});
