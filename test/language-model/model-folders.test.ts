// Folders that hold what is not computed here, or not what they say: refused in one sentence that names the
// file, what was got and what is allowed. And folders that say the same in another way: read all the same.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parametersOf, readArchitecture, readDecoder } from '../../src/language-model/architecture.ts';
import { readModelWeights } from '../../src/language-model/files/model-weights.ts';
import type { LlamaConfig } from '../../src/network/transformer/llama.ts';
import { embedSentences } from '../support/embed-sentences.ts';
import { refused } from '../support/errors.ts';
import { copyOf, editJson, editTensors } from '../support/model-folders.ts';

const REFUSED_SETTINGS: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  [
    'llama-2',
    { model_type: 'gemma2' },
    /model_type: got "gemma2", expected one of "llama"\|"mistral"\|"qwen2"\|"qwen3"\|"bert";/,
  ],
  ['llama-2', { model_type: undefined }, /model_type: got nothing, expected/],
  ['llama-2', { hidden_act: 'gelu' }, /hidden_act: got "gelu", expected "silu";/],
  ['llama-2', { vocab_size: undefined }, /vocab_size: got nothing, expected number;/],
  ['llama-2', { num_attention_heads: 3 }, /got 3 heads of width 4 and 4 of keys, expected an even width/],
  ['llama-2', { head_dim: 5 }, /got 4 heads of width 5 and 4 of keys/],
  ['llama-2', { is_causal: false }, /is_causal: got false, expected true;/],
  ['llama-2', { quantization_config: { bits: 4 } }, /quantization_config: got \{"bits":4\}, expected null;/],
  [
    'llama-2',
    { auto_map: { AutoModel: 'mine.Model' } },
    /auto_map: got \{"AutoModel":"mine\.Model"\}, expected null;/,
  ],
  ['llama-2', { partial_rotary_factor: 0.5 }, /partial_rotary_factor: got 0\.5, expected one of null\|1;/],
  [
    'llama-2',
    { rope_parameters: { rope_type: 'longrope' } },
    /rope_parameters\.rope_type: got "longrope", expected .* default, dynamic, linear, llama3 or yarn;/,
  ],
  [
    'llama-2',
    { rope_scaling: { type: 'mrope', mrope_section: [1] } },
    /rope_scaling\.rope_type: got \{.*"type":"mrope".*expected a rope_type of default/,
  ],
  ['llama-2', { rope_scaling: { type: 'linear' } }, /rope_scaling\.factor: got nothing, expected number;/],
  [
    'qwen3',
    { rope_parameters: { full_attention: { rope_type: 'default' } } },
    /rope_parameters: got \{.*"full_attention":.*Unrecognized key: "full_attention";/,
  ],
  [
    'llama-2',
    { layer_types: ['full_attention', 'sliding_attention'] },
    /layer_types: got \["full_attention","sliding_attention"\], expected a type for each of 2 layers/,
  ],
  [
    'qwen3',
    { layer_types: ['full_attention', 'linear_attention'] },
    /layer_types\.1: got "linear_attention", expected one of/,
  ],
  [
    'qwen3',
    { layer_types: ['full_attention'] },
    /layer_types: got \["full_attention"\], expected a type for each of 2 layers/,
  ],
  [
    'mistral',
    { layer_types: ['full_attention', 'sliding_attention'] },
    /expected a type for each of 2 layers/,
  ],
  ['bert', { hidden_act: 'gelu_new' }, /hidden_act: got "gelu_new", expected "gelu";/],
  [
    'bert',
    { position_embedding_type: 'relative_key' },
    /position_embedding_type: got "relative_key", expected one of "absolute"\|null;/,
  ],
  ['bert', { is_decoder: true }, /is_decoder: got true, expected false;/],
  ['bert', { num_attention_heads: 3 }, /got hidden_size 16, expected a multiple of the 3 heads;/],
];

for (const [fixture, changes, message] of REFUSED_SETTINGS) {
  test(`a ${fixture} with ${JSON.stringify(changes)} is refused`, async (context) => {
    const folder = await copyOf(context, fixture);
    await editJson(path.join(folder, 'config.json'), changes);
    await assert.rejects(readArchitecture(folder), refused(message, path.join(folder, 'config.json')));
  });
}

test('a config.json that is no JSON is refused', async (context) => {
  const folder = await copyOf(context, 'bert');
  writeFileSync(path.join(folder, 'config.json'), '{');
  await assert.rejects(
    readArchitecture(folder),
    refused(/config\.json: got text that is not JSON \(.+\); copy it again\./),
  );
});

test('an encoder cannot answer', async (context) => {
  await assert.rejects(
    readDecoder(await copyOf(context, 'bert')),
    refused(
      /got an encoder, expected a model that predicts the next token \(llama, mistral, qwen2, qwen3\);/,
    ),
  );
});

test('windows: of all, of upper, of named layers, of none; 4096 if Mistral does not say', async (context) => {
  const windowsOf = async (
    fixture: string,
    changes: Record<string, unknown>,
  ): Promise<LlamaConfig['windows']> => {
    const folder = await copyOf(context, fixture);
    await editJson(path.join(folder, 'config.json'), changes);
    return (await readDecoder(folder)).windows;
  };
  assert.deepEqual(await windowsOf('mistral', {}), [5, 5]);
  assert.deepEqual(await windowsOf('mistral', { sliding_window: undefined }), [4096, 4096]);
  assert.deepEqual(await windowsOf('mistral', { sliding_window: null }), [null, null]);
  assert.deepEqual(await windowsOf('qwen2-window', {}), [null, 4]);
  assert.deepEqual(await windowsOf('qwen2-window', { use_sliding_window: false }), [null, null]);
  assert.deepEqual(await windowsOf('qwen3', {}), [6, null]);
  assert.deepEqual(await windowsOf('llama-2', { sliding_window: 3 }), [null, null]);
});

test('rope_theta and scaling: transformers 4 and 5, 4 first, defaults if neither says', async (context) => {
  const ropeOf = async (changes: Record<string, unknown>) => {
    const folder = await copyOf(context, 'llama-2');
    await editJson(path.join(folder, 'config.json'), { rope_parameters: undefined, ...changes });
    const { rope_theta, rope_scaling } = await readDecoder(folder);
    return [rope_theta, rope_scaling?.rope_type];
  };
  assert.deepEqual(await ropeOf({}), [10_000, undefined]);
  assert.deepEqual(await ropeOf({ rope_theta: 5e5 }), [5e5, undefined]);
  assert.deepEqual(await ropeOf({ rope_theta: 5e5, rope_scaling: { type: 'linear', factor: 2 } }), [
    5e5,
    'linear',
  ]);
  assert.deepEqual(await ropeOf({ rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: 7 } }), [
    7,
    'linear',
  ]);
  assert.deepEqual(await ropeOf({ rope_scaling: { rope_type: 'dynamic', factor: 2 } }), [10_000, undefined]);
});

test('tensors: a missing, a misshapen, one too many are named with their file or shard', async (context) => {
  const cases: readonly (readonly [string, string, Parameters<typeof editTensors>[1], RegExp])[] = [
    [
      'llama-2',
      'model.safetensors',
      (tensors) => tensors.delete('model.layers.1.mlp.up_proj.weight'),
      /model\.safetensors: got no tensor model\.layers\.1\.mlp\.up_proj\.weight, .* \[24,16\] by \S+\.json;/,
    ],
    [
      'sharded',
      'model-00002-of-00004.safetensors',
      (tensors) => tensors.clear(),
      /model-00001-of-00004\.saf.*, .*model-00004-of-00004\.saf.*: got no tensor model\.\S+, expected one /,
    ],
    [
      'qwen2',
      'model.safetensors',
      (tensors) => tensors.set('model.norm.weight', { shape: [8], values: new Float32Array(8) }),
      /got a tensor model\.norm\.weight of shape \[8\], expected \[16\] by \S+config\.json;/,
    ],
    [
      'llama-3',
      'model.safetensors',
      (tensors) =>
        tensors.set('model.layers.0.self_attn.q_norm.weight', { shape: [8], values: new Float32Array(8) }),
      /got a tensor model\.layers\.0\.self_attn\.q_norm\.weight of shape \[8\], expected no tensor of that /,
    ],
    [
      'llama-2',
      'model.safetensors',
      (tensors) =>
        tensors.set('model.norm.weight', { shape: [16], values: new Float32Array(16).fill(Number.NaN) }),
      /model\.safetensors: got numbers in the tensor model\.norm\.weight that are not finite, expected /,
    ],
  ];
  for (const [fixture, file, edit, message] of cases) {
    const folder = await copyOf(context, fixture);
    await editTensors(path.join(folder, file), edit);
    await assert.rejects(loadBase(folder), refused(message));
  }
});

test('weights that are not there, and an index that is none or leads elsewhere', async (context) => {
  const without = await copyOf(context, 'llama-2');
  rmSync(path.join(without, 'model.safetensors'));
  await assert.rejects(
    loadBase(without),
    refused(
      /got expected\.safetensors, expected model\.safetensors or model\.safetensors\.index\.json; give /,
    ),
  );
  const sharded = await copyOf(context, 'sharded');
  const index = path.join(sharded, 'model.safetensors.index.json');
  await editJson(index, { weight_map: { a: '../../etc/passwd' } });
  await assert.rejects(
    loadBase(sharded),
    refused(/weight_map\.a: got "\.\.\/\.\.\/etc\/passwd", expected the name of a file beside it;/),
  );
  await editJson(index, { weight_map: undefined });
  await assert.rejects(loadBase(sharded), refused(/weight_map: got nothing, expected record;/));
});

test('names of old habit and of a larger model: the same vectors', async (context) => {
  const rename = (change: (name: string) => string) => (tensors: Map<string, never>) => {
    for (const [name, tensor] of [...tensors]) {
      tensors.delete(name);
      tensors.set(change(name), tensor);
    }
  };
  const embed = async (folder: string) => (await embedSentences(folder, ['a green tent'])).vectors;
  const renamings: readonly (readonly [string, (name: string) => string])[] = [
    ['bert', (name) => `bert.${name}`],
    [
      'bert',
      (name) =>
        name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
    ],
    ['llama-2', (name) => name.replace(/^model\./, '')],
  ];
  for (const [fixture, change] of renamings) {
    const plain = await copyOf(context, fixture);
    const renamed = await copyOf(context, fixture);
    await editTensors(
      path.join(renamed, 'model.safetensors'),
      rename(change) as Parameters<typeof editTensors>[1],
    );
    assert.deepEqual(await embed(renamed), await embed(plain));
  }
});

test('layers for another task, which reading does not need, are left', async (context) => {
  for (const [fixture, layer] of [
    ['bert', 'classifier.weight'],
    ['bert', 'qa_outputs.bias'],
    ['llama-2', 'score.weight'],
  ]) {
    const folder = await copyOf(context, fixture);
    await editTensors(path.join(folder, 'model.safetensors'), (tensors) =>
      tensors.set(layer, { shape: [2], values: new Float32Array(2) }),
    );
    await loadBase(folder);
  }
});

async function loadBase(folder: string) {
  const architecture = await readArchitecture(folder);
  return readModelWeights(folder, architecture.kind, parametersOf(architecture));
}
