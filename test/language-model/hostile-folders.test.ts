// Model folders that were made to do harm, or that were never copied whole: each ends in one sentence, soon
// and in little memory, whatever its code would do to the process that runs it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parametersOf, readArchitecture } from '../../src/language-model/architecture.ts';
import { loadLocalModel } from '../../src/language-model/local/local-model.ts';
import { collect } from '../support/collect.ts';
import { tslrec } from '../support/command-line.ts';
import { embedSentences } from '../support/embed-sentences.ts';
import { refused } from '../support/errors.ts';
import { copyOf, editJson, editTensors } from '../support/model-folders.ts';
import { temporaryFolder } from '../support/stores.ts';

const noPipes = process.platform === 'win32' && 'Windows has neither pipes nor devices in folders';

/** What may stand where a file is expected. */
const IN_PLACE_OF_A_FILE: readonly (readonly [string, (file: string) => void, RegExp])[] = [
  ['a pipe', (file) => execFileSync('mkfifo', [file]), /: got a named pipe, expected a regular file;/],
  ['a device', (file) => symlinkSync('/dev/zero', file), /: got a device, expected a regular file;/],
  [
    'a Git LFS pointer',
    (file) =>
      writeFileSync(
        file,
        `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9085657\n`,
      ),
    /: got a Git LFS pointer, expected the file that it stands for; run `git lfs pull` in its folder\.$/,
  ],
  [
    'a page of HTML',
    (file) => writeFileSync(file, '<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n'),
    /: got an HTML page, expected the file itself;/,
  ],
  ['nothing', (file) => writeFileSync(file, ''), /: got text that is not JSON|no tokenizer|shorter than its/],
  [
    'a file of a terabyte',
    (file) => {
      writeFileSync(file, Buffer.of(0, 0, 0, 0, 1, 0, 0, 0));
      truncateSync(file, 1e12);
    },
    /got 1000000000000 bytes, expected at most \d+;|got a header of 4294967296 bytes, expected/,
  ],
];

for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
  for (const [kind, make, message] of IN_PLACE_OF_A_FILE) {
    test(`${kind} in place of ${name} is refused`, { skip: noPipes }, async (context) => {
      const folder = await copyOf(context, 'bert');
      rmSync(path.join(folder, name));
      make(path.join(folder, name));
      await assert.rejects(embedSentences(folder, ['a']), refused(message, path.join(folder, name)));
    });
  }
}

test("links may lead anywhere, as in a hub's cache; weights of another form are named", async (context) => {
  const folder = await copyOf(context, 'bert');
  const cache = await copyOf(context, 'bert');
  for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
    rmSync(path.join(folder, name));
    symlinkSync(path.join(cache, name), path.join(folder, name));
  }
  assert.deepEqual(await embedSentences(folder, ['a tent']), await embedSentences(cache, ['a tent']));
  rmSync(path.join(folder, 'model.safetensors'));
  writeFileSync(path.join(folder, 'pytorch_model.bin'), 'PK');
  await assert.rejects(
    embedSentences(folder, ['a']),
    refused(/: got .*pytorch_model\.bin, expected model\.safetensors or .*; give .*, or save this one again/),
  );
});

const NUMBERS: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ['bert', { num_hidden_layers: 1e7 }, /num_hidden_layers: got 10000000, expected number to be <=128;/],
  ['llama-2', { num_hidden_layers: 1e7 }, /num_hidden_layers: got 10000000, expected number to be <=128;/],
  ['llama-2', { hidden_size: 2 ** 40 }, /hidden_size: got 1099511627776, expected number to be <=131072;/],
  ['llama-2', { intermediate_size: 2 ** 30 }, /intermediate_size: got 1073741824, expected /],
  ['llama-2', { num_attention_heads: 2 ** 20 }, /num_attention_heads: got 1048576, expected /],
  ['bert', { vocab_size: 1e9 }, /vocab_size: got 1000000000, expected /],
  ['bert', { type_vocab_size: 1e9 }, /type_vocab_size: got 1000000000, expected /],
  ['llama-2', { max_position_embeddings: 1e15 }, /max_position_embeddings: got 1000000000000000, expected /],
  ['qwen3', { head_dim: 2 ** 20 }, /head_dim: got 1048576, expected /],
  ['llama-2', { intermediate_size: 2 ** 16 }, /got layers of 65536 numbers inside for a hidden_size of 16,/],
  ['qwen3', { head_dim: 2 ** 10 }, /got layers of 4096 numbers inside for a hidden_size of 16, expected/],
  [
    'llama-2',
    { num_hidden_layers: 100 },
    /got no tensor model\.layers\.2\.input_layernorm\.weight, expected/,
  ],
  ['llama-2', { vocab_size: 2 ** 20 }, /got a tensor \S+ of shape \[64,16\], expected \[1048576,16\] by/],
  [
    'llama-2',
    { hidden_act: '\u001b[2J\n'.repeat(9) },
    /hidden_act: got "\\u001b\[2J\\n[^\n]*\.\.\., expected "silu";/,
  ],
  [
    'llama-2',
    { rope_scaling: { rope_type: 'default', ['\n'.repeat(1e6)]: 1 } },
    /Unrecognized key: "\\n.* \.\.\. /,
  ],
];

for (const [fixture, changes, message] of NUMBERS) {
  const [[key, value]] = Object.entries(changes);
  test(`a ${fixture} of ${key} ${JSON.stringify(value).slice(0, 20)} is refused`, async (context) => {
    const folder = await copyOf(context, fixture);
    await editJson(path.join(folder, 'config.json'), changes);
    await assert.rejects(embedSentences(folder, ['a']), refused(message));
  });
}

test('a config.json of a million levels is refused', async (context) => {
  const folder = await copyOf(context, 'bert');
  const levels = 1e6;
  writeFileSync(
    path.join(folder, 'config.json'),
    `{"model_type": ${'['.repeat(levels)}${']'.repeat(levels)}}`,
  );
  await assert.rejects(
    embedSentences(folder, ['a']),
    refused(/model_type: got a value of too many levels, expected/),
  );
});

test('a tensor that two names give, and one in two files, are refused', async (context) => {
  const folder = await copyOf(context, 'llama-2');
  await editTensors(path.join(folder, 'model.safetensors'), (tensors) =>
    tensors.set('norm.weight', tensors.get('model.norm.weight')!),
  );
  await assert.rejects(
    embedSentences(folder, ['a']),
    refused(/got the tensor model\.norm\.weight twice, expected/),
  );
});

test('weights that no memory holds are refused before they are read', async (context) => {
  const folder = await copyOf(context, 'bert');
  await editJson(path.join(folder, 'config.json'), { vocab_size: 2 ** 22, hidden_size: 2 ** 17 });
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const { name, tensor } of parametersOf(await readArchitecture(folder))) {
    const begin = end;
    end += 2 * tensor.shape.reduce((size, width) => size * width, 1);
    header[name] = { dtype: 'F16', shape: tensor.shape, data_offsets: [begin, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = path.join(folder, 'model.safetensors');
  writeFileSync(file, Buffer.concat([length, json]));
  truncateSync(file, 8 + json.length + end);
  await assert.rejects(
    embedSentences(folder, ['a']),
    refused(
      /: got weights that take \d{4}\.\d GB of memory as float32, expected at most the \d+\.\d GB/,
      file,
    ),
  );
});

/** Changes to the tokenizer.json of a BERT. */
const TOKENIZERS: readonly (readonly [string, Record<string, unknown>, RegExp, text?: string])[] = [
  [
    'an expression that does not end, for which the library panics',
    { pre_tokenizer: split('(a+)+$') },
    /the tokenizer, asked to encode 1 text, ended its process with SIGABRT( \(.*\))?; give a folder whose/,
  ],
  [
    'an expression that takes very long',
    { pre_tokenizer: split('(a+)+$') },
    /the tokenizer, asked to encode 1 text, did not end within 2 s of computing; give a folder whose/,
    `${'a'.repeat(22)}b`.repeat(130),
  ],
  [
    'a letter that becomes a million others',
    { normalizer: { type: 'Replace', pattern: { String: 'a' }, content: 'b'.repeat(1e6) } },
    /the tokenizer, asked to encode 1 text, took more than \d+ MB of memory; give/,
  ],
  ['a model of no kind', { model: { type: 'Mystery' } }, /got what is no tokenizer \(.+\), expected one as/],
];

function split(Regex: string) {
  return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
}

for (const [kind, changes, message, text = `${'a'.repeat(3_000)}b`] of TOKENIZERS) {
  test(`a tokenizer with ${kind} is refused`, async (context) => {
    const folder = await copyOf(context, 'bert');
    const file = path.join(folder, 'tokenizer.json');
    await editJson(file, changes);
    await assert.rejects(embedSentences(folder, [text]), refused(message, file));
  });
}

/** Chat templates. */
const TEMPLATES: readonly (readonly [string, string, RegExp])[] = [
  [
    'loops in loops',
    `${'{% for i in range(2000) %}'.repeat(4)}{% endfor %}{% endfor %}{% endfor %}{% endfor %}`,
    /: the chat template, asked for a prompt, did not end within 2 s of computing; give a folder/,
  ],
  [
    'a prompt without end',
    "{% set n = namespace(t='a') %}{% for i in range(99) %}{% set n.t = n.t + n.t %}{% endfor %}{{ n.t }}",
    /The chat template of .* refuses these messages \(.+\)|took more than/,
  ],
  [
    'an open block',
    '{% for i in',
    /: got a chat template that cannot be read \(.+\), expected one in Jinja;/,
  ],
];

for (const [kind, template, message] of TEMPLATES) {
  test(`a chat template with ${kind} is refused`, async (context) => {
    const folder = await copyOf(context, 'llama-2');
    writeFileSync(path.join(folder, 'chat_template.jinja'), template);
    const answer = async () => {
      const model = await loadLocalModel(folder);
      try {
        await collect(model.generate([{ role: 'user', content: 'a' }], { maxTokens: 1 }));
      } finally {
        await model.release();
      }
    };
    await assert.rejects(answer(), refused(message));
  });
}

/** Where an adapter is to stand. */
const TARGETS: readonly (readonly [string, unknown, RegExp])[] = [
  [
    'an expression that does not end',
    '(\\w*\\.?)*!',
    /got the pattern "\S+", which, tried on \d+ names of layers, did not end within 2 s /,
  ],
  ['a million names', Array(1e6).fill('x'), /target_modules: got \["x",.*\.\.\., expected linear layers/],
];

for (const [kind, target_modules, message] of TARGETS) {
  test(`an adapter on ${kind} is refused`, async (context) => {
    const folder = await copyOf(context, 'llama-2');
    const adapter = path.join(folder, 'adapter-pattern');
    await editJson(path.join(adapter, 'adapter_config.json'), { target_modules });
    await assert.rejects(embedSentences(folder, ['a'], adapter), refused(message));
  });
}

test('every command that reads a folder ends with one sentence and exit code 1', {
  skip: noPipes,
}, async (context) => {
  const folder = await temporaryFolder(context);
  const bert = await copyOf(context, 'bert');
  const broken = (name: string, make: (folder: string) => void) => {
    cpSync(bert, path.join(folder, name), { recursive: true });
    make(path.join(folder, name));
  };
  const panics = JSON.stringify({ pre_tokenizer: split('(a+)+$') });
  broken('pipe', (at) => {
    rmSync(path.join(at, 'tokenizer.json'));
    execFileSync('mkfifo', [path.join(at, 'tokenizer.json')]);
  });
  broken('circle', (at) => {
    rmSync(path.join(at, 'tokenizer.json'));
    symlinkSync('tokenizer.json', path.join(at, 'tokenizer.json'));
  });
  broken('cut', (at) => truncateSync(path.join(at, 'model.safetensors'), 1_000));
  broken('none', (at) => writeFileSync(path.join(at, 'tokenizer.json'), panics));
  mkdirSync(path.join(folder, 'adapter'));
  execFileSync('mkfifo', [path.join(folder, 'adapter', 'adapter_config.json')]);
  writeFileSync(path.join(folder, 'texts.jsonl'), '{"text": "a"}\n');
  await tslrec(folder, ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2']);
  const commands: readonly (readonly [string, RegExp])[] = [
    ['embed --input texts.jsonl --model pipe', /^tslrec: pipe\Stokenizer\.json: got a named pipe, /],
    [
      `embed --input texts.jsonl --model ${bert} --adapter adapter`,
      /^tslrec: adapter\Sadapter_config\.json: got a named pipe/,
    ],
    ['embed --input texts.jsonl --model circle', /^tslrec: circle\S\S+ cannot be used: its links lead in a /],
    [
      'refresh --data sample --preset quick --base pipe',
      /^tslrec: pipe\Stokenizer\.json: got a named pipe, /,
    ],
    ['refresh --data sample --preset quick --base cut', /^tslrec: cut\Smodel\.safetensors/],
    [
      'refresh --data sample --preset quick --adapter adapter',
      /^tslrec: adapter\Sadapter_config\.json: got a named pipe/,
    ],
    [
      'evaluate --data sample --preset quick --base none',
      /^tslrec: none\Stokenizer\.json: got what is no token/,
    ],
  ];
  for (const [command, message] of commands) {
    const { code, stderr } = await tslrec(folder, command.split(' '));
    const [sentence, ...rest] = stderr.trimEnd().split('\n');
    assert.match(sentence, message);
    assert.deepEqual([code, rest], [1, []], command);
  }
});

test("a process that dies takes its folder's code along, whatever that is at", {
  skip: process.platform !== 'linux' && '/proc tells of processes on Linux alone',
}, async () => {
  const parent = spawn(
    process.execPath,
    [path.join(import.meta.dirname, '../support/ask-and-never-end.ts')],
    {
      stdio: 'ignore',
    },
  );
  const children = () => readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim();
  const busy = (pid: string) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) > 50; // hundredths of a second in user mode: it is past its start
  };
  await until(() => children() !== '' && busy(children()));
  const child = children();
  parent.kill('SIGKILL');
  await until(
    () => !existsSync(`/proc/${child}/exe`) || readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z '),
  );
});

/** Waits for as long as the runner lets a test run. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}
