// Models from a hub that is slow, lies, breaks off or is not there: what arrives is whole, and nothing else
// stays.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { TslrecError } from '../../src/errors.ts';
import { modelFolder } from '../../src/language-model/files/hub.ts';
import { silentProgress } from '../../src/progress.ts';
import { type Fault, SLOW_PAUSE_MS, startHub } from '../support/hub-server.ts';
import { temporaryFolder } from '../support/stores.ts';

const NAME = 'acme/tiny-encoder';
const files = {
  'README.md': Buffer.from('not needed'),
  'config.json': Buffer.from('{"model_type":"bert"}'),
  'model.safetensors': Buffer.alloc(100_000, 'weights '),
  'pytorch_model.bin': Buffer.from('not needed either'),
  'tokenizer.json': Buffer.from('{}'),
};
const NEEDED = ['config.json', 'model.safetensors', 'tokenizer.json'];
const limits = { deadlineMs: 10_000, tries: 3, backoffMs: 1, longestWaitMs: 1 };

async function setUp(
  context: TestContext,
  { of = files as Record<string, Buffer>, faults = {}, deadlineMs = limits.deadlineMs } = {},
) {
  const folder = await temporaryFolder(context);
  const hub = await startHub(context, NAME, of, faults);
  const options = {
    folder,
    progress: silentProgress,
    hubUrl: hub.url,
    limits: { ...limits, deadlineMs },
  };
  return { hub, folder, options, get: (name = NAME) => modelFolder(`hub:${name}`, options) };
}

const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TslrecError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test('what is no hub: name is a folder already', async (context) => {
  const { options, folder } = await setUp(context);
  writeFileSync(path.join(folder, 'config.json'), '{}');
  assert.equal(await modelFolder(folder, options), folder);
  await assert.rejects(modelFolder('acme/tiny-encoder', options), {
    message:
      '"acme/tiny-encoder": got no folder with a config.json, expected a model folder, or hub:NAME for one ' +
      'from the Hugging Face hub; check the path.',
  });
});

test('the files that are needed arrive whole; the next time nobody is asked', async (context) => {
  const { hub, folder, get } = await setUp(context);
  const model = await get();
  assert.equal(model, path.join(folder, 'models', 'acme--tiny-encoder'));
  assert.deepEqual(readdirSync(model).sort(), NEEDED);
  assert.deepEqual(readFileSync(path.join(model, 'model.safetensors')), files['model.safetensors']);
  assert.deepEqual(hub.requests, ['list', ...NEEDED]);
  assert.equal(await get(), model);
  assert.equal(hub.requests.length, 4);
});

test('what says how vectors are made comes along, and no weights of other programs', async (context) => {
  const json = Buffer.from('{}');
  const said = [
    '1_Pooling/config.json',
    '2_Dense/config.json',
    '2_Dense/model.safetensors',
    'modules.json',
    'sentence_roberta_config.json',
  ];
  const others = [
    'onnx/model.onnx',
    'onnx/config.json',
    'openvino/model.safetensors',
    '2_Dense/pytorch_model.bin',
  ];
  const of = { ...files, ...Object.fromEntries([...said, ...others].map((name) => [name, json])) };
  const { get } = await setUp(context, { of });
  const model = await get();
  const got = readdirSync(model, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = got.map(({ parentPath, name }) => path.relative(model, path.join(parentPath, name)));
  assert.deepEqual(names.sort(), [...NEEDED, ...said].sort());
});

test('weights in parts come with their index', async (context) => {
  const { 'model.safetensors': weights, ...others } = files;
  const parts = {
    'model-00001-of-00002.safetensors': weights,
    'model-00002-of-00002.safetensors': weights.subarray(5),
    'model.safetensors.index.json': Buffer.from('{"weight_map":{}}'),
  };
  const { get } = await setUp(context, { of: { ...others, ...parts } });
  assert.deepEqual(readdirSync(await get()).sort(), ['config.json', ...Object.keys(parts), 'tokenizer.json']);
});

for (const fault of ['cut', 'damaged', 'dropped', 'stalled', 'busy', 'endless'] satisfies Fault[]) {
  test(`a download that is ${fault} is tried again, twice; then nothing of it stays`, async (context) => {
    const deadlineMs = fault === 'stalled' ? 1_500 : undefined;
    const { hub, get } = await setUp(context, {
      faults: { 'model.safetensors': [fault, fault] },
      deadlineMs,
    });
    assert.deepEqual(readFileSync(path.join(await get(), 'model.safetensors')), files['model.safetensors']);
    assert.equal(hub.requests.filter((request) => request === 'model.safetensors').length, 3);

    const never = await setUp(context, {
      faults: { 'model.safetensors': [fault, fault, fault] },
      deadlineMs,
    });
    await assert.rejects(
      never.get(),
      refused(
        'unavailable',
        /^hub:acme\/tiny-encoder cannot be downloaded from http:\S+ \(.+\); try again later, .* path\.$/,
      ),
    );
    assert.deepEqual(readdirSync(path.join(never.folder, 'models')), []);
  });
}

test('a list of files without end is read no further than any list goes', async (context) => {
  const { get } = await setUp(context, { faults: { list: ['endless', 'endless', 'endless'] } });
  await assert.rejects(get(), refused('unavailable', /cannot be downloaded .*\(it answers without end\); /));
  const { get: again } = await setUp(context, { faults: { list: ['endless'] } });
  assert.deepEqual(readdirSync(await again()).sort(), NEEDED);
});

test('a slow download may take longer than the deadline, which is for the next part', async (context) => {
  const faults = { 'model.safetensors': ['slow'] as const };
  const { hub, get } = await setUp(context, { faults, deadlineMs: 3.5 * SLOW_PAUSE_MS });
  await get();
  assert.equal(hub.requests.filter((request) => request === 'model.safetensors').length, 1);
});

test('where the hub tells no hash, the size is what a download is checked by', async (context) => {
  const of = { ...files, 'tokenizer_config.json': Buffer.from('{"model_max_length": 512}') };
  const { hub, get } = await setUp(context, { of, faults: { 'tokenizer_config.json': ['cut'] } });
  const got = readFileSync(path.join(await get(), 'tokenizer_config.json'));
  assert.deepEqual(got, of['tokenizer_config.json']);
  assert.equal(hub.requests.filter((request) => request === 'tokenizer_config.json').length, 2);
});

test('a model that is not there is refused at once', async (context) => {
  const { hub, get } = await setUp(context);
  await assert.rejects(
    get('acme/other'),
    refused('bad-request', /^hub:acme\/other: http:\S+ answers 404, .*; check the name/),
  );
  assert.deepEqual(hub.requests, ['unknown']);
});

test('a model without the needed files is refused before any of them is fetched', async (context) => {
  const { hub, get } = await setUp(context, {
    of: { 'config.json': files['config.json'], 'model.onnx': Buffer.from('') },
  });
  await assert.rejects(
    get(),
    refused('bad-data', /got the files config\.json, model\.onnx, expected config\.json, tokenizer/),
  );
  assert.deepEqual(hub.requests, ['list']);
});

test('a name that could lead out of the folder is none', async (context) => {
  const { get } = await setUp(context);
  for (const name of ['../x', 'a/..', 'a/b/c', '', '/etc', '.hidden'])
    await assert.rejects(get(name), refused('bad-request', /got a name that no model can have/));
});

test('an access token is sent with every request to the hub', async (context) => {
  const { hub, options } = await setUp(context);
  await modelFolder(`hub:${NAME}`, { ...options, accessToken: 'hf_secret' });
  assert.ok(hub.authorizations.length > NEEDED.length);
  assert.deepEqual(new Set(hub.authorizations), new Set(['Bearer hf_secret']));
});

test('without a network: one sentence that says so and what to do, at once', async (context) => {
  const folder = await temporaryFolder(context);
  // A name that no resolver knows; a pause would outlast the test.
  const anHour = { deadlineMs: 60_000, tries: 2, backoffMs: 3_600_000, longestWaitMs: 3_600_000 };
  const offline = { folder, progress: silentProgress, hubUrl: 'http://hub.invalid', limits: anHour };
  await assert.rejects(
    modelFolder('hub:acme/x', offline),
    refused(
      'unavailable',
      /^hub:acme\/x cannot be downloaded from http:\/\/hub\.invalid \(.* offline .*: E\w+\); try again /,
    ),
  );
});

test('a folder that cannot be written is the fault of the folder, not of the hub', async (context) => {
  const { folder, get, hub } = await setUp(context);
  writeFileSync(path.join(folder, 'models'), 'a file');
  await assert.rejects(get(), (error: NodeJS.ErrnoException) => error.path?.startsWith(folder) ?? false);
  assert.equal(hub.requests.length, 1, 'the list only');
});

test('what another process has downloaded meanwhile is taken', async (context) => {
  const { folder, get } = await setUp(context);
  const downloading = get();
  mkdirSync(path.join(folder, 'models', 'acme--tiny-encoder'), { recursive: true });
  writeFileSync(path.join(folder, 'models', 'acme--tiny-encoder', 'config.json'), 'theirs');
  assert.equal(readFileSync(path.join(await downloading, 'config.json'), 'utf8'), 'theirs');
  assert.deepEqual(readdirSync(path.join(folder, 'models')), ['acme--tiny-encoder']);
});
