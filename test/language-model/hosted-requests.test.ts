// Where a hosted model sends what: endpoints by their URL, providers as the Hub says where they serve a
// model.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHostedModel } from '../../src/language-model/hosted/hosted-model.ts';
import type { HostedAddress } from '../../src/language-model/hosted/requests.ts';
import { collect } from '../support/collect.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { faults, startLanguageModelServer } from '../support/language-model-server.ts';

const messages = [{ role: 'user', content: 'is the cat here' }] as const;

test('an endpoint is asked as it stands, and for the rest behind /v1', async (context) => {
  const { url, requests } = await startLanguageModelServer(context);
  const model = createHostedModel({
    model: 'org/tiny',
    at: { endpointUrl: `${url}/` },
    accessToken: 'secret',
  });
  await model.embed(['a', '']);
  await model.classify(['b']);
  await collect(model.generate(messages, { maxTokens: 3, stop: ['1', '2', '3', '4', '5'] }));
  await model.score('a', ['t']);
  assert.deepEqual(
    requests.map(({ path, body }) => [path, body]),
    [
      ['/', { inputs: ['a', '-'], truncate: true, truncation_direction: 'left' }],
      ['/', { inputs: ['a'], truncate: true, truncation_direction: 'left' }],
      ['/', { inputs: ['-'], truncate: true, truncation_direction: 'left' }],
      [
        '/',
        {
          inputs: 'b',
          parameters: { function_to_apply: 'softmax', top_k: 100_000 },
          truncate: true,
          truncation_direction: 'left',
        },
      ],
      [
        '/v1/chat/completions',
        {
          model: 'org/tiny',
          messages,
          max_tokens: 3,
          temperature: 0,
          stream: true,
        },
      ],
      ['/v1/completions', { model: 'org/tiny', prompt: ['a', 'at'], max_tokens: 0, echo: true, logprobs: 1 }],
    ],
  );
  for (const { headers } of requests) assert.equal(headers.authorization, 'Bearer secret');
});

test('a URL that ends in /v1 is an OpenAI-style server, which does not classify', async (context) => {
  const { url, requests } = await startLanguageModelServer(context);
  const model = createHostedModel({ model: 'org/tiny', at: { endpointUrl: `${url}/v1` } });
  await model.embed(['a', 'a']);
  await collect(model.generate(messages, { maxTokens: 1 }));
  await assert.rejects(model.classify(['a']), { reason: 'unsupported', code: 'bad-request' });
  assert.deepEqual(
    requests.map(({ path }) => path),
    ['/v1/embeddings', '/v1/chat/completions'],
  );
  assert.deepEqual(requests[0].body, {
    model: 'org/tiny',
    input: ['a', 'a'],
    encoding_format: 'float',
    truncate_prompt_tokens: -1,
  });
  assert.equal(requests[0].headers.authorization, undefined);
});

/**
 * The Hub answers with `mapping`, and what goes to the router goes to the test server's path of the same
 * task.
 */
async function hubAndRouter(context: TestContext, mapping: object) {
  const server = await startLanguageModelServer(context);
  const asked: string[] = [];
  const realFetch = globalThis.fetch;
  context.mock.method(globalThis, 'fetch', async (url: string, init: RequestInit) => {
    asked.push(url);
    if (url.startsWith('https://huggingface.co/')) return Response.json(mapping);
    return realFetch(server.url + new URL(url).pathname.replace(/^\/[^/]+/, ''), init);
  });
  return { server, asked };
}

test('a provider is asked through the router under its own name, asked of the Hub once', async (context) => {
  const { server, asked } = await hubAndRouter(context, {
    inferenceProviderMapping: {
      together: { providerId: 'theirs/tiny', status: 'live', task: 'feature-extraction' },
    },
  });
  const model = createHostedModel({ model: 'org/embed', at: { provider: 'together' }, accessToken: 'hf_x' });
  server.failWith(faults.status(503), 1);
  const hasty = createHostedModel({
    model: 'org/embed',
    at: { provider: 'together' },
    accessToken: 'hf_x',
    clock: fakeClock(),
  });
  await hasty.embed(['a', 'a']);
  await model.embed(['c']);
  assert.deepEqual(asked, [
    'https://huggingface.co/api/models/org/embed?expand[]=inferenceProviderMapping',
    ...Array(3).fill('https://router.huggingface.co/together/v1/embeddings'),
  ]);
  assert.deepEqual(server.requests.at(-1)?.body, { input: ['c'], model: 'theirs/tiny' });
  assert.equal(server.requests.at(-1)?.headers.authorization, 'Bearer hf_x');
  await assert.rejects(model.classify(['a']), { reason: 'unsupported', message: /text-classification/ });
  await assert.rejects(model.score('a', ['b']), { reason: 'unsupported' });
});

test('a model that the Hub does not know is refused; a Hub that fails is tried again', async (context) => {
  const answers = [() => Response.json({ error: 'Repository not found' }, { status: 404 })];
  context.mock.method(globalThis, 'fetch', async () => answers[0]());
  const clock = fakeClock();
  const model = createHostedModel({ model: 'org/none', at: { provider: 'hf-inference' }, clock });
  await assert.rejects(model.embed(['a']), { reason: 'refused', message: /Repository not found/ });
  assert.equal(clock.waits.length, 0);
  for (const failure of [() => new Response('', { status: 500 }), () => assert.fail('no network')]) {
    answers[0] = failure;
    const waits: number = clock.waits.length;
    await assert.rejects(model.embed(['a']), {
      reason: 'unavailable',
      message: /huggingface.co can be reached/,
    });
    assert.equal(clock.waits.length, waits + 4);
  }
});

test('an abort ends the question to the Hub as well', async (context) => {
  const abort = new AbortController();
  const hang = (_url: string, { signal }: { signal: AbortSignal }) =>
    new Promise<Response>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      abort.abort(new Error('changed my mind'));
    });
  context.mock.method(globalThis, 'fetch', hang);
  const model = createHostedModel({
    model: 'org/slow',
    at: { provider: 'hf-inference' },
    limits: { tries: 1 },
  });
  await assert.rejects(model.embed(['a'], abort), /changed my mind/);
});

test('an address that cannot be right is refused in one sentence that shows no secret', () => {
  const at = { endpointUrl: 'http://127.0.0.1:1' };
  const wrong: [HostedAddress, RegExp][] = [
    [{ model: 'm', at, accessToken: 'hf_hunter2\n' }, /line break/],
    [{ model: 'm', at, accessToken: '' }, /empty/],
    [{ model: 'm', at: { endpointUrl: 'localhost:8080' } }, /http\(s\):/],
    [{ model: 'm', at: { endpointUrl: 'not a URL' } }, /http\(s\):/],
    [{ model: 'm', at: { endpointUrl: 'https://user:hunter2@host' } }, /without user, password and query/],
    [{ model: 'm', at: { endpointUrl: 'https://host/?key=hunter2' } }, /without user, password and query/],
    [
      { model: 'm', at: { provider: 'nobody' } },
      /"nobody" is no Inference Provider: give one of .*hf-inference/,
    ],
  ];
  for (const [address, says] of wrong) {
    assert.throws(
      () => createHostedModel(address),
      (error: Error & { code?: string }) =>
        error.code === 'bad-request' && says.test(error.message) && !error.message.includes('hunter2'),
    );
  }
});
