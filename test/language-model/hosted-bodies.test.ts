// What a hosted model reads of a body that has no end, and of a request's arguments what it leaves out where
// the server refuses them.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createGzip } from 'node:zlib';
import { createHostedModel } from '../../src/language-model/hosted/hosted-model.ts';
import type { LanguageModel } from '../../src/language-model/language-model.ts';
import { collect } from '../support/collect.ts';
import { refused } from '../support/errors.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { type Fault, faults, startLanguageModelServer } from '../support/language-model-server.ts';

const MINUTE = 60_000;

async function setUp(context: TestContext, path = '') {
  const server = await startLanguageModelServer(context);
  const at = { endpointUrl: server.url + path };
  return {
    server,
    model: createHostedModel({ model: 'tiny', at, limits: { tries: 1, deadlineMs: MINUTE } }),
  };
}

// Bodies without end
// -----------------------------------------------------------------------------------------------------------

const chunkOf = (text: string) => Buffer.from(text.repeat(Math.ceil(2 ** 16 / text.length)));

interface Endless {
  readonly fault: Fault;
  /** Bytes that went out, decompressed. */
  readonly sent: () => number;
  /** Whether the connection is closed. */
  readonly closed: Promise<void>;
}

/** A body that begins and then repeats itself for as long as somebody reads. */
function endless(
  begin: string,
  again: string,
  { status = 200, type = 'application/json', gzip = false } = {},
): Endless {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  const fault = (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': type, ...(gzip && { 'content-encoding': 'gzip' }) });
    const body = gzip ? createGzip() : response;
    if (gzip) (body as ReturnType<typeof createGzip>).pipe(response);
    body.write(begin);
    const chunk = chunkOf(again);
    let isOver = false;
    const more = () => {
      while (!isOver) {
        sent += chunk.length;
        if (!body.write(chunk)) return void body.once('drain', more);
      }
    };
    response.on('close', () => {
      isOver = true;
      resolve();
    });
    more();
  };
  return { fault, sent: () => sent, closed };
}

const MEGABYTE = 2 ** 20;
const answer = (model: LanguageModel) =>
  collect(model.generate([{ role: 'user', content: 'a' }], { maxTokens: 8 }));
const stream = { type: 'text/event-stream' };
const piece = { choices: [{ delta: { content: 'and on ' }, finish_reason: null }] };
const delta = `data: ${JSON.stringify(piece)}\n\n`;

const ENDLESS: [string, () => Endless, (model: LanguageModel) => Promise<unknown>, string?][] = [
  ['vectors', () => endless('[[0.1', ',0.25'), (model) => model.embed(['a'])],
  [
    'vectors of an OpenAI-style server',
    () => endless('{"data":[', ' '),
    (model) => model.embed(['a']),
    '/v1',
  ],
  ['vectors in gzip', () => endless('[[0.1', ',0', { gzip: true }), (model) => model.embed(['a'])],
  ['labels', () => endless('[', '{"label":"x","score":0},'), (model) => model.classify(['a'])],
  ['a text behind an echo', () => endless('{"choices":"', 'x'), (model) => model.score('a', ['b'])],
  ['events', () => endless('', delta, stream), answer],
  ['one event', () => endless('data: ', 'x', stream), answer],
  ['one event of many lines', () => endless('', 'data: x\n', stream), answer],
  ['comments between events', () => endless('', ': wait\n', stream), answer],
  ['events in gzip', () => endless('', delta, { ...stream, gzip: true }), answer],
];
for (const [what, make, ask, path] of ENDLESS) {
  test(`${what} without end: refused beyond any right answer, the connection closed`, async (context) => {
    const { server, model } = await setUp(context, path);
    const { fault, sent, closed } = make();
    server.failWith(fault);
    const error = refused(
      /^The language model tiny at \S+ gave more than \d+\.\d MB as one answer, .*: see that /,
    );
    await assert.rejects(
      ask(model),
      (got) => (got as { reason?: string }).reason === 'bad-response' && error(got),
    );
    await closed;
    assert.ok(sent() < 64 * MEGABYTE, `${sent()} bytes`);
    server.work();
    assert.equal((await model.embed(['a'])).vectors.length, 16);
  });
}

const WORDS: [string, () => Endless, (model: LanguageModel) => Promise<unknown>, string][] = [
  ['an error', () => endless('', 'no ', { status: 400 }), (model) => model.embed(['a']), 'refused'],
  [
    'an error in gzip',
    () => endless('', 'no ', { status: 500, gzip: true }),
    (model) => model.embed(['a']),
    'unavailable',
  ],
  ['a page in place of a stream', () => endless('', 'no ', { type: 'text/html' }), answer, 'bad-response'],
];
for (const [what, make, ask, reason] of WORDS) {
  test(`${what} without end: its beginning is told, and the connection is closed`, async (context) => {
    const { server, model } = await setUp(context);
    const { fault, sent, closed } = make();
    server.failWith(fault);
    await assert.rejects(
      ask(model),
      (got) => (got as { reason?: string }).reason === reason && refused(/\(no no no .* \.\.\.\)/)(got),
    );
    await closed;
    assert.ok(sent() < 64 * MEGABYTE, `${sent()} bytes`);
  });
}

// Arguments that a server does not know
// -----------------------------------------------------------------------------------------------------------

/** Refuses a request in which one of these is, in the words for the first of them. */
const strict =
  (status: number, unknown: readonly string[], words: (name: string) => unknown): Fault =>
  (response, right, request) => {
    const found = unknown.find((name) => name in request.body);
    const fault =
      found === undefined ? faults.altered((same) => same) : faults.status(status, {}, words(found));
    fault(response, right, request);
  };

const REFUSALS: Record<string, Fault> = {
  'named by FastAPI': strict(422, ['truncate_prompt_tokens', 'truncate', 'truncation_direction'], (name) => ({
    detail: [
      { type: 'extra_forbidden', loc: ['body', name], msg: 'Extra inputs are not permitted', input: -1 },
    ],
  })),
  'named by OpenAI': strict(400, ['truncate_prompt_tokens', 'truncate', 'truncation_direction'], (name) => ({
    error: { message: `Unrecognized request argument supplied: ${name}`, type: 'invalid_request_error' },
  })),
  'named by Python': strict(400, ['truncate_prompt_tokens', 'truncate', 'encoding_format'], (name) => ({
    error: `Embedder.__call__() got an unexpected keyword argument '${name}'`,
  })),
  'not named': strict(400, ['truncate_prompt_tokens', 'truncation_direction', 'seed'], () => ({
    error: 'Additional properties are not allowed',
  })),
  'one by one': strict(
    400,
    ['encoding_format', 'truncate_prompt_tokens', 'truncation_direction', 'truncate'],
    (name) => ({
      error: `unknown field "${name}"`,
    }),
  ),
  'behind the whole of what was asked': strict(422, ['truncate_prompt_tokens', 'truncate'], (name) => ({
    body: 'text '.repeat(2_000),
    error: `${name}: not known`,
  })),
};
for (const [how, fault] of Object.entries(REFUSALS)) {
  for (const path of ['', '/v1']) {
    test(`an unknown argument, ${how}, is then left out (${path || 'as it stands'})`, async (context) => {
      const { server, model } = await setUp(context, path);
      const right = await model.embed(['the cat', 'a dog']);
      const other = createHostedModel({
        model: 'tiny',
        at: { endpointUrl: server.url + path },
        limits: { tries: 1 },
      });
      server.failWith(fault);
      const before = server.requests.length;
      assert.deepEqual(await other.embed(['the cat', 'a dog']), right);
      const refusedOnce = server.requests.length - before;
      await other.embed(['the cat']);
      assert.equal(server.requests.length, before + refusedOnce + 1, 'the next request is right at once');
    });
  }
}

test('many requests at once that are refused for an argument each go without it', async (context) => {
  const { server } = await setUp(context);
  server.failWith(REFUSALS['named by FastAPI']);
  const limits = { tries: 1, concurrency: 4, perRequest: { texts: 8, tokens: 10_000 } };
  const model = createHostedModel({ model: 'tiny', at: { endpointUrl: `${server.url}/v1` }, limits });
  const { vectors } = await model.embed(Array.from({ length: 100 }, (_, i) => `text ${i}`));
  assert.equal(vectors.length, 1600);
});

test('samples go without a seed where the server knows none', async (context) => {
  const { server, model } = await setUp(context);
  const noSeed = strict(400, ['seed'], (name) => ({
    error: { message: `Unsupported parameter: '${name}'` },
  }));
  const notThere = faults.status(404);
  const silent = faults.altered((chat: { choices: object[] }) => ({
    choices: chat.choices.map((choice) => ({ ...choice, logprobs: null })),
  }));
  server.failWith((response, right, request) => {
    if (request.path === '/v1/completions') return notThere(response, right, request);
    ('seed' in request.body ? noSeed : silent)(response, right, request);
  });
  assert.equal((await model.score('is the cat her', ['e', 'x'])).logProbabilities.length, 2);
  const withoutSeed = server.requests.filter(({ body }) => body.messages && !('seed' in body));
  assert.equal(withoutSeed.length, 1 + 20, 'first tokens and twenty samples');
});

test('a text that is then too long: the server has its say, and is not asked again', async (context) => {
  const { server, model } = await setUp(context, '/v1');
  const unknown = REFUSALS['named by OpenAI'];
  const tooLong = faults.status(400, {}, { error: "This model's maximum context length is 512 tokens." });
  server.failWith((response, right, request) =>
    ('truncate_prompt_tokens' in request.body ? unknown : tooLong)(response, right, request),
  );
  await assert.rejects(model.embed(['a']), { reason: 'refused', message: /maximum context length is 512/ });
  assert.equal(server.requests.length, 2);
});

/** Refuses what is not known in words that name nothing of it. */
const mute = (status: number, words: unknown) =>
  strict(
    status,
    ['truncate_prompt_tokens', 'encoding_format', 'truncate', 'truncation_direction'],
    () => words,
  );

const MUTE: Record<string, Fault> = {
  'as a bad request': mute(400, { error: 'Bad Request' }),
  'by its value': mute(400, { error: { message: 'Invalid value: -1' } }),
  'in another language': mute(400, { detail: 'Ungültige Anfrage' }),
  'without a word': mute(400, ''),
  'as not found': mute(404, { detail: 'Not Found' }),
  'as unprocessable': mute(422, { error: 'Input should be a valid object', type: 'Validation' }),
  'as a conflict': mute(409, {}),
  'by breaking down': mute(500, { error: 'Internal Server Error' }),
};
for (const [how, fault] of Object.entries(MUTE)) {
  for (const path of ['', '/v1']) {
    test(`arguments refused ${how} are then left out (${path || 'as it stands'})`, async (context) => {
      const { server, model } = await setUp(context, path);
      const right = await model.embed(['the cat', 'the cat']);
      const at = { endpointUrl: server.url + path };
      const other = createHostedModel({ model: 'tiny', at, limits: { tries: 1 } });
      server.failWith(fault);
      const before = server.requests.length;
      assert.deepEqual(await other.embed(['the cat', 'the cat']), right);
      assert.equal(server.requests.length, before + 2);
      await other.embed(['the cat']);
      assert.equal(server.requests.length, before + 3, 'the next request is right at once');
    });
  }
}

test('a refusal of something else is told in its first words, after one more request', async (context) => {
  for (const words of ['no such model', 'the input has an unknown language', 'batch size 33 > 32']) {
    const { server, model } = await setUp(context, '/v1');
    const first = faults.status(400, {}, { error: words });
    const then = faults.status(422, {}, { error: 'something else' });
    server.failWith((...asked) => (server.requests.length === 1 ? first : then)(...asked));
    await assert.rejects(model.embed(['a']), { reason: 'refused', message: new RegExp(words) });
    assert.equal(server.requests.length, 2);
    assert.ok(!('encoding_format' in server.requests[1].body));
    server.work();
    await model.embed(['a']);
    assert.ok('encoding_format' in server.requests[2].body, 'what was not to blame is sent on');
  }
});

test('arguments that were accepted once are not to blame for a later refusal', async (context) => {
  const { server, model } = await setUp(context, '/v1');
  await model.embed(['a']);
  server.failWith(faults.status(400));
  await assert.rejects(model.embed(['b']), { reason: 'refused' });
  assert.equal(server.requests.length, 2);
});

test('a refusal that no argument can be to blame for is told at once', async (context) => {
  for (const status of [401, 403, 413]) {
    const { server, model } = await setUp(context, '/v1');
    server.failWith(faults.status(status));
    await assert.rejects(model.embed(['a']), { reason: 'refused' });
    assert.equal(server.requests.length, 1);
  }
});

test('a server that fails for a moment is sent its arguments again', async (context) => {
  const { server } = await setUp(context, '/v1');
  server.failWith(faults.status(500), 2);
  const at = { endpointUrl: `${server.url}/v1` };
  const model = createHostedModel({ model: 'tiny', at, limits: { tries: 3 }, clock: fakeClock() });
  await model.embed(['a']);
  assert.deepEqual(
    server.requests.map(({ body }) => 'encoding_format' in body),
    [true, true, true],
  );
});
