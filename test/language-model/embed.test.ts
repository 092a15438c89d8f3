// tslrec embed: lines of texts to a NumPy file, whole or not at all.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { type EmbedOptions, embed } from '../../jobs/embed.ts';
import { embedCommand } from '../../src/command-line/embed.ts';
import { readConfig } from '../../src/config.ts';
import { printable } from '../../src/errors.ts';
import { readNpy } from '../../src/formats/npy.ts';
import { silentProgress } from '../../src/progress.ts';
import { refused } from '../support/errors.ts';
import { copyOf, editTensors } from '../support/model-folders.ts';
import { temporaryFolder } from '../support/stores.ts';

const models = path.join(import.meta.dirname, '../fixtures/language-models');
const bert = path.join(models, 'bert');
const { texts, embeddings } = JSON.parse(readFileSync(path.join(bert, 'embedded.json'), 'utf8')) as {
  texts: string[];
  embeddings: number[][];
};
const lines = (of: readonly string[]) => of.map((text) => `${JSON.stringify({ text })}\n`).join('');

async function setUp(context: TestContext, input: string | Buffer = lines(texts), name = 'texts.jsonl') {
  const folder = await temporaryFolder(context);
  const file = path.join(folder, name);
  const output = path.join(folder, 'out', 'vectors.npy');
  writeFileSync(file, input);
  const options = {
    model: bert,
    input: file,
    output,
    normalize: false,
    force: true,
    folder,
    progress: silentProgress,
  };
  return { folder, output, run: (changed: Partial<EmbedOptions> = {}) => embed({ ...options, ...changed }) };
}

async function assertRows(output: string, expected: readonly (readonly number[])[]): Promise<void> {
  const { shape, values } = await readNpy(output);
  assert.deepEqual(shape, [expected.length, expected[0].length]);
  expected.flat().forEach((value, i) => {
    assert.ok(Math.abs(value - values[i]) < 1e-5, `${i}: ${values[i]}, expected ${value}`);
  });
}

test('each line has its row, as transformers gives it; the header is what np.load reads', async (context) => {
  const { output, run } = await setUp(context);
  assert.deepEqual(await run(), { output, model: bert, texts: texts.length, width: 16 });
  await assertRows(output, embeddings);
  const bytes = readFileSync(output);
  assert.equal(bytes.toString('latin1', 0, 8), '\x93NUMPY\x01\x00');
  assert.equal((10 + bytes.readUInt16LE(8)) % 64, 0);
  assert.match(
    bytes.toString('latin1', 10, 128),
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(10, 16\), \} *\n$/,
  );
});

for (const [what, fixture, damage] of [
  ['a last norm of zeros', 'bert', { 'encoder.layer.1.output.LayerNorm.weight': 0 }],
  ['a last norm of hardly anything', 'bert', { 'encoder.layer.1.output.LayerNorm.weight': 1e-5 }],
  ['nothing but zeros', 'llama-2', { 'model.norm.weight': 0 }],
] as [string, string, Record<string, number>][]) {
  test(`weights with ${what} give all texts one vector: refused, and nothing is written`, async (context) => {
    const { output, run } = await setUp(context);
    const model = await copyOf(context, fixture);
    await editTensors(path.join(model, 'model.safetensors'), (tensors) => {
      for (const [name, weight] of Object.entries(damage)) tensors.get(name)!.values.fill(weight);
    });
    await assert.rejects(
      run({ model }),
      refused(
        /^embed texts: the language model gave the same row .* all of \d+ different .*: copy its .*\.$/,
      ),
    );
    assert.ok(!existsSync(output));
    const one = await setUp(context, lines([texts[0], texts[0]]));
    await one.run({ model });
    assert.equal((await readNpy(one.output)).shape[0], 2);
  });
}

test('--normalize scales each vector to length 1', async (context) => {
  const { output, run } = await setUp(context);
  await run({ normalize: true });
  await assertRows(
    output,
    embeddings.map((row) => row.map((x) => x / Math.hypot(...row))),
  );
});

test('an adapter changes the vectors; without a token they are zeros, normalised or not', async (context) => {
  const tokenizer = JSON.parse(readFileSync(path.join(models, 'llama-2', 'tokenizer.json'), 'utf8'));
  const { folder, output, run } = await setUp(context, lines(['', 'green tent']));
  const model = path.join(folder, 'model');
  mkdirSync(model);
  for (const name of ['config.json', 'model.safetensors'])
    writeFileSync(path.join(model, name), readFileSync(path.join(models, 'llama-2', name)));
  writeFileSync(path.join(model, 'tokenizer.json'), JSON.stringify({ ...tokenizer, post_processor: null }));
  await run({ model });
  const plain = (await readNpy(output)).values;
  await run({ model, adapter: path.join(models, 'llama-2', 'adapter-some'), normalize: true });
  const adapted = (await readNpy(output)).values;
  assert.deepEqual([...plain.subarray(0, 16), ...adapted.subarray(0, 16)], new Array(32).fill(0));
  assert.ok(adapted.subarray(16).every((x, i) => x !== plain[16 + i]));
});

test('a byte order mark, CRLF and gzip are no part of a text', async (context) => {
  const { output, run } = await setUp(
    context,
    gzipSync(`\uFEFF{"text": ${JSON.stringify(texts[0])}}\r\n${lines(texts.slice(1, 3))}`),
    'texts.jsonl.gz',
  );
  await run();
  await assertRows(output, embeddings.slice(0, 3));
});

test('a bad line is named, with what was got; nothing is written', async (context) => {
  const good = lines(['one']);
  const bad: readonly (readonly [string, string, RegExp])[] = [
    [
      'no JSON',
      `${good}{"text": "two"\n`,
      /texts\.jsonl:2: got "\{\\"text\\": \\"two\\"", expected one \{"text": "\.\.\."\} a line;/,
    ],
    ['no text', `{"title": "one"}\n`, /:1: got "\{\\"title\\": \\"one\\"\}"/],
    ['a number', `${good}${good}{"text": 3}\n`, /:3: got /],
    ['a list', `${good}[]\n`, /:2: got "\[\]"/],
    ['a key twice', `${good}{"text": "a", "text": "b"}\n`, /:2: got "text" twice in "\{.*, expected /],
    ['an escaped key twice', `{"text": "a", "\\u0074ext": "b"}\n`, /:1: got "text" twice in /],
    ['an unknown key', `${good}{"id": 7, "text": "b"}\n`, /:2: got the unknown key "id" in "\{.*, expected/],
    ['a mistyped key', `{"text": "a", "Text": "b"}\n`, /:1: got the unknown key "Text" in /],
    ['an unknown key alone', `${good}{"id": 7}\n`, /:2: got "\{\\"id\\": 7\}", expected /],
    ['half a character', `{"text": "\\ud83d"}\n`, /:1: got /],
    ['an empty line', `${good}\n${good}`, /:2: got an empty line, /],
    ['nothing at all', '', /texts\.jsonl: got no line, expected one /],
  ];
  for (const [name, input, message] of bad) {
    const { output, run } = await setUp(context, input);
    await assert.rejects(run(), (error) => {
      const told = String(printable(error));
      assert.match(told, message, name);
      assert.match(told, /^tslrec: [^\n]+\.$/);
      return true;
    });
    assert.deepEqual(readdirSync(path.dirname(output)), [], name);
  }
});

test('JSON that is not one object a line is told as a whole, with what mends it', async (context) => {
  const records = texts.slice(0, 2).map((text) => ({ text }));
  const array = /texts\.jsonl: got a JSON array, expected one .* a line; .* `jq -c '\.\[\]'`\.$/;
  const spread = /texts\.jsonl: got a JSON object over several lines, expected one .*; .* `jq -c \.`\.$/;
  for (const [input, message] of [
    [JSON.stringify(records), array],
    [JSON.stringify(records, null, 2), array],
    [
      records
        .map((record) => JSON.stringify(record))
        .join(',\n')
        .replace(/^/, '['),
      array,
    ],
    ['[]', array],
    [records.map((record) => JSON.stringify(record, null, 2)).join('\n'), spread],
    [JSON.stringify({ data: records }, null, 1), spread],
    ['{"text": "one",\n"id": 2}\n', spread],
    ['{ "data": [\n{"text": "one"}]}\n', spread],
  ] as [string, RegExp][]) {
    const { run } = await setUp(context, input);
    await assert.rejects(run(), refused(message), input);
  }
});

test('a mistake leaves the file of an earlier run as it was', async (context) => {
  const { folder, output, run } = await setUp(context);
  await run();
  const before = readFileSync(output);
  const empty = path.join(folder, 'empty');
  mkdirSync(empty);
  const mistakes: readonly (readonly [Partial<EmbedOptions>, RegExp])[] = [
    [
      { model: path.join(folder, 'nowhere') },
      /nowhere": got no folder with a config\.json, expected .* or hub:NAME /,
    ],
    [{ model: empty }, /empty": got no folder with a config\.json, expected /],
    [{ model: '' }, /"": got no folder with a config\.json, expected /],
    [{ adapter: empty }, /empty\/adapter_config\.json cannot be used: it does not exist;/],
    [{ input: empty }, /empty cannot be used: it is a folder, a file is wanted;/],
    [{ input: path.join(folder, 'none.jsonl') }, /none\.jsonl cannot be used: it does not exist;/],
    [
      { output: path.join(folder, 'vectors.csv') },
      /--output: got \S+vectors\.csv, expected the name of a file that ends in \.npy, /,
    ],
    [
      { output: path.join(folder, 'texts.jsonl', 'v.npy') },
      /texts\.jsonl cannot be used: a file stands where a folder is wanted;/,
    ],
    [{ model: 'hub:..' }, /^tslrec: hub:\.\.: got a name that no model can have/],
  ];
  for (const [changed, message] of mistakes) {
    await assert.rejects(run(changed), (error) => {
      assert.match(String(printable(error)), message);
      return true;
    });
  }
  assert.deepEqual(readFileSync(output), before);
});

test('the command: options in, one line and one JSON object out', async (context) => {
  const { folder, output } = await setUp(context);
  const printed: string[] = [];
  context.mock.method(console, 'log', (line: string) => printed.push(line));
  const program = new Command().addCommand(embedCommand(readConfig({ TSLREC_FOLDER: folder })));
  const parameters = [
    'embed',
    '--model',
    bert,
    '--input',
    path.join(folder, 'texts.jsonl'),
    '--output',
    output,
    '--json',
  ];
  await program.parseAsync(parameters, { from: 'user' });
  assert.deepEqual(printed, [
    `${output}: 10 vectors of width 16, read with ${bert}.`,
    JSON.stringify({ output, model: bert, texts: 10, width: 16 }),
  ]);
  assert.ok(existsSync(output));
});
