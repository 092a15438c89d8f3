// What a hosted model does when its server fails: rows 13 to 15 of the reliability table, one test a failure,
// with the requests counted and the waits taken on a clock that does not wait.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { createHostedModel, type HostedLimits } from '../../src/language-model/hosted/hosted-model.ts';
import type { Batch, LanguageModel } from '../../src/language-model/language-model.ts';
import { createRandom } from '../../src/random.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { type Fault, faults, startLanguageModelServer } from '../support/language-model-server.ts';

const TOKEN = 'hf_not-to-be-seen';
const TRIES = 5;
const CONCURRENCY = 4;
const SECOND = 1000;

const messages = [{ role: 'user', content: 'is the cat here' }] as const;
const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

async function setUp(context: TestContext, limits: Partial<HostedLimits> = {}, path = '') {
  const server = await startLanguageModelServer(context);
  const clock = fakeClock();
  const model = createHostedModel({
    model: 'tiny',
    at: { endpointUrl: server.url + path },
    accessToken: TOKEN,
    limits: { deadlineMs: 5 * SECOND, ...limits },
    clock,
    random: createRandom('jitter'),
  });
  return { server, clock, model };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function answer(model: LanguageModel, pieces: string[] = []): Promise<string> {
  for await (const piece of model.generate(messages, { maxTokens: 8 })) pieces.push(piece);
  return pieces.join('');
}

test('503 for ever: bounded tries, growing random waits, open circuit, then one probe', async (context) => {
  const { server, clock, model } = await setUp(context);
  server.failWith(faults.status(503));
  await assert.rejects(model.embed(['a']), {
    reason: 'unavailable',
    code: 'unavailable',
    message: /answered 503/,
  });
  assert.equal(server.requests.length, TRIES);
  assert.equal(clock.waits.length, TRIES - 1);
  for (const [i, wait] of clock.waits.entries()) assert.ok(wait > 0 && wait <= SECOND * 2 ** i, `${wait}`);
  assert.ok(sum(clock.waits) <= 15 * SECOND);

  for (let call = 1; call < CONCURRENCY; call++)
    await assert.rejects(model.embed(['a']), { reason: 'unavailable' });
  const untilOpen = TRIES * CONCURRENCY;
  assert.equal(server.requests.length, untilOpen);
  for (const call of [() => model.embed(['a']), () => model.classify(['a']), () => answer(model)]) {
    await assert.rejects(call(), { reason: 'circuit-open', message: /tried again in 30 s/ });
  }
  assert.equal(server.requests.length, untilOpen);

  clock.advance(30 * SECOND);
  await assert.rejects(model.embed(texts(200)), { reason: 'circuit-open' });
  assert.equal(server.requests.length, untilOpen + 1);

  server.work();
  clock.advance(30 * SECOND);
  await model.embed(['a']);
  await model.embed(['a']);
  assert.equal(server.requests.length, untilOpen + 3);
});

test('the waits are drawn at random, and repeated by the same seed', async (context) => {
  const server = await startLanguageModelServer(context);
  server.failWith(faults.status(503));
  const waits = async (seed: number) => {
    const clock = fakeClock();
    const at = { endpointUrl: server.url };
    await assert.rejects(
      createHostedModel({ model: 'tiny', at, clock, random: createRandom(seed) }).embed(['a']),
    );
    return clock.waits;
  };
  assert.deepEqual(await waits(1), await waits(1));
  assert.notDeepEqual(await waits(1), await waits(2));
});

test('503 for ever to many batches at once: no more requests than open the circuit', async (context) => {
  const { server, model } = await setUp(context);
  server.failWith(faults.status(503));
  await assert.rejects(model.embed(texts(1_000)), { reason: 'unavailable' });
  assert.ok(server.requests.length <= TRIES * CONCURRENCY, `${server.requests.length}`);
});

test('429: the time that the server asks for, seconds or date, is kept up to a minute', async (context) => {
  const { server, clock, model } = await setUp(context);
  server.failWith(faults.status(429, { 'retry-after': '7' }), 2);
  await model.embed(['a']);
  assert.equal(server.requests.length, 3);
  for (const wait of clock.waits) assert.ok(wait >= 7 * SECOND && wait <= 8 * SECOND, `${wait}`);

  const date = new Date(Math.ceil(clock.now() / SECOND) * SECOND + 20 * SECOND);
  server.failWith(faults.status(429, { 'retry-after': date.toUTCString() }), 1);
  await model.embed(['a']);
  assert.ok(clock.now() >= date.getTime() && clock.waits.at(-1)! <= 22 * SECOND);

  const before = { requests: server.requests.length, waits: clock.waits.length };
  server.failWith(faults.status(429, { 'retry-after': '3600' }));
  await assert.rejects(model.embed(['a']), {
    reason: 'rate-limited',
    message: /alone for 3600 s/,
  });
  assert.deepEqual(
    { requests: server.requests.length, waits: clock.waits.length },
    { ...before, requests: before.requests + 1 },
  );

  server.failWith(faults.status(429), 1);
  await model.embed(['a']);
  assert.ok(clock.waits.at(-1)! <= SECOND);
});

/** What fails in passing is tried again, and is over when it is over. */
const passing: Record<
  string,
  { fault: Fault; reason: string; limits?: Partial<HostedLimits>; bare?: number }
> = {
  // In the end without the arguments that it may not know.
  'an error of the server (500)': { fault: faults.status(500), reason: 'unavailable', bare: 1 },
  'a failed backend (424 of TEI)': { fault: faults.status(424), reason: 'unavailable' },
  'a connection that is reset': { fault: faults.reset, reason: 'unavailable' },
  'a body that breaks off': { fault: faults.cutOff, reason: 'unavailable' },
  'a server that never answers': {
    fault: faults.hang,
    reason: 'timeout',
    limits: { deadlineMs: 200, tries: 2 },
  },
  'a body that trickles': {
    fault: faults.slowLoris,
    reason: 'timeout',
    limits: { deadlineMs: 200, tries: 2 },
  },
  'broken JSON': { fault: faults.body('[[0.1, 0.2'), reason: 'bad-response' },
  'NaN, which is no JSON': { fault: faults.body('[[NaN, 0.2]]'), reason: 'bad-response' },
  'a page with status 200': {
    fault: faults.body('<html>Back soon</html>', 'text/html'),
    reason: 'bad-response',
  },
};
for (const [name, { fault, reason, limits, bare = 0 }] of Object.entries(passing)) {
  test(`${name}: ${reason}, tried again`, async (context) => {
    const { server, clock, model } = await setUp(context, limits);
    const tries = limits?.tries ?? TRIES;
    server.failWith(fault);
    await assert.rejects(model.embed(['a']), { reason });
    assert.equal(server.requests.length, tries + bare);
    assert.equal(clock.waits.length, tries - 1);

    // With a deadline that a busy machine keeps when the server does answer.
    const again = { deadlineMs: limits?.deadlineMs ? 2 * SECOND : 60 * SECOND };
    const patient = createHostedModel({
      model: 'tiny',
      at: { endpointUrl: server.url },
      limits: again,
      clock,
    });
    server.failWith(fault, 1);
    assert.equal((await patient.embed(['a'])).vectors.length, 16);
  });
}

test('nobody listens: unavailable', async (context) => {
  const { server, model } = await setUp(context);
  await server.stop();
  await assert.rejects(model.embed(['a']), { reason: 'unavailable', message: /ECONNREFUSED/ });
});

for (const status of [302, 400, 401, 404, 413, 422, 501]) {
  test(`${status}: refused at once, in the server's own words`, async (context) => {
    const { server, clock, model } = await setUp(context);
    server.failWith(faults.status(status, { location: '/elsewhere' }, { error: 'not like this' }));
    await assert.rejects(model.embed(['a']), {
      reason: 'refused',
      code: 'bad-request',
      message: /not like this/,
    });
    const isPerhapsOfArguments = [400, 404, 422].includes(status);
    assert.equal(server.requests.length, isPerhapsOfArguments ? 2 : 1);
    assert.equal(clock.waits.length, 0);
  });
}

type Vectors = number[][];
const rows = (change: (vectors: Vectors) => unknown) => faults.altered(change);
const wrongShapes: Record<string, { fault: Fault; says: RegExp; requests?: number }> = {
  'a vector a token': { fault: rows((v) => v.map((row) => [row, row])), says: /--pooling/ },
  'vectors of different widths': {
    fault: rows((v) => v.with(1, [1, 2])),
    says: /vectors of 16 and of 2 numbers/,
  },
  null: { fault: rows((v) => v.with(1, v[1].with(3, null as unknown as number))), says: /null/ },
  'a number as text': {
    fault: rows((v) => v.with(1, v[1].with(3, '0.5' as unknown as number))),
    says: /text/,
  },
  'an infinite number': { fault: faults.body(`[[1e999],[1],[1]]`), says: /too large/ },
  'a number beyond 32 bits': { fault: faults.body(`[[1],[1],[1e39]]`), says: /too large/ },
  'a vector of zeros': {
    fault: rows((v) =>
      v.with(
        2,
        v[2].map(() => 0),
      ),
    ),
    says: /zeros/,
  },
  'an empty vector': { fault: rows((v) => v.map(() => [])), says: /list of numbers/ },
  'fewer rows': { fault: rows((v) => v.slice(1)), says: /2 vectors for 3 texts/ },
  'more rows': { fault: rows((v) => [...v, v[0]]), says: /4 vectors for 3 texts/ },
  'rows in another order': { fault: rows((v) => v.toReversed()), says: /another order/, requests: 2 },
  "two rows in each other's place": {
    fault: rows((v) => [v[0], v[2], v[1]].slice(0, v.length)),
    says: /another order/,
    requests: 3,
  },
  'one flat row': { fault: rows((v) => v[0]), says: /no list of vectors/ },
  'an object': { fault: rows((v) => ({ embeddings: v })), says: /no list of vectors/ },
  'nothing at all': { fault: faults.body('null'), says: /no list of vectors/ },
};
for (const [name, { fault, says, requests = 1 }] of Object.entries(wrongShapes)) {
  test(`${name}: the batch is refused and not asked for again`, async (context) => {
    const { server, model } = await setUp(context);
    server.failWith(fault);
    const batches: Batch[] = [];
    const reading = model.embed(['the cat', 'a dog', 'mats'], {
      onBatch: (batch) => void batches.push(batch),
    });
    await assert.rejects(reading, { reason: 'bad-response', message: says });
    assert.equal(server.requests.length, requests);
    assert.deepEqual(batches, []);
  });
}

test('another width than before: refused', async (context) => {
  const { server, model } = await setUp(context);
  await model.embed(['a']);
  server.failWith(faults.altered<Vectors>((vectors) => vectors.map((row) => [...row, 1])));
  await assert.rejects(model.embed(['a']), {
    reason: 'bad-response',
    message: /17 numbers and of 16 before/,
  });
});

test('numbered rows are ordered, and refused if the numbers are not each text once', async (context) => {
  type Answer = { data: { index: number }[] };
  const { server, model } = await setUp(context, {}, '/v1');
  const three = ['the cat', 'a dog', 'mats'];
  const { vectors } = await model.embed(three);
  server.failWith(faults.altered<Answer>(({ data }) => ({ data: data.toReversed() })));
  assert.deepEqual((await model.embed(three)).vectors, vectors);
  for (const index of [0, 3, -1, null]) {
    server.failWith(
      faults.altered<Answer>(({ data }) => ({ data: data.with(1, { ...data[1], index: index as number }) })),
    );
    await assert.rejects(model.embed(three), { reason: 'bad-response', message: /indices/ });
  }
});

test('labels that are no distribution, or not those of before: refused', async (context) => {
  type Labels = { label: string; score: number }[];
  const { server, model } = await setUp(context);
  const right = await model.classify(['a']);
  assert.deepEqual(right.labels, ['LABEL_0', 'LABEL_2', 'LABEL_10']);
  server.failWith(faults.altered<Labels>((labels) => [labels]));
  assert.deepEqual(await model.classify(['a']), right);

  const wrong: [RegExp, (labels: Labels) => unknown][] = [
    [/sum to/, (labels) => labels.slice(1)],
    [/sum to 1\.5/, (labels) => labels.map(({ label }) => ({ label, score: 0.5 }))],
    [/two scores/, (labels) => labels.map(({ score }) => ({ label: 'A', score }))],
    [/other labels/, (labels) => labels.map(({ label, score }) => ({ label: `${label}!`, score }))],
    [/other labels/, (labels) => [...labels, { label: 'LABEL_3', score: 0 }]],
    [/no list of labels/, (labels) => labels.map(({ label }) => ({ label, score: 7 }))],
    [/no list of labels/, () => [[0.1, 0.2]]],
    [/no list of labels/, () => ({})],
  ];
  for (const [says, change] of wrong) {
    server.failWith(faults.altered(change));
    const asked = server.requests.length;
    await assert.rejects(model.classify(['a']), { reason: 'bad-response', message: says });
    assert.equal(server.requests.length, asked + 1);
  }
});

test('what has been handed over before a failure is not asked for again', async (context) => {
  const { server, model } = await setUp(context, { perRequest: { texts: 10, tokens: 1_000 } });
  const all = texts(100);
  const kept = new Map<number, Float32Array>();
  const read = (missing: readonly number[]) =>
    model.embed(
      missing.map((i) => all[i]),
      {
        onBatch({ start, count, rows: vectors }) {
          for (let i = 0; i < count; i++) kept.set(missing[start + i], vectors.slice(i * 16, (i + 1) * 16));
        },
      },
    );
  await model.embed(['in', 'order']);
  const before = server.requests.length;

  const refusing = faults.status(400);
  const right = faults.altered((vectors) => vectors);
  server.failWith((response, vectors, request) =>
    (request.body.inputs?.includes('text 47') ? refusing : right)(response, vectors, request),
  );
  await assert.rejects(read([...all.keys()]), { reason: 'refused' });
  assert.ok(kept.size >= 40 && kept.size <= 80 && kept.size % 10 === 0, `${kept.size}`);

  server.work();
  await read([...all.keys()].filter((i) => !kept.has(i)));
  assert.equal(kept.size, 100);
  // One alone: its place.
  const batches = server.requests.slice(before).filter(({ body }) => body.inputs!.length > 1);
  const sent = batches.flatMap(({ body }) => body.inputs as string[]);
  assert.equal(sent.length, 110, 'each text once, and the refused batch twice');
  const { vectors } = await model.embed(all);
  assert.deepEqual(Float32Array.from([...all.keys()].flatMap((i) => [...kept.get(i)!])), vectors);
});

test('a job whose own keeping fails hears of it', async (context) => {
  const { model } = await setUp(context);
  const onBatch = async () => {
    throw new Error('the disk is full');
  };
  await assert.rejects(model.embed(['a'], { onBatch }), /the disk is full/);
});

test('requests hold so many texts, so many tokens, and so many are under way', async (context) => {
  const { server, model } = await setUp(context, { concurrency: 3, perRequest: { texts: 8, tokens: 50 } });
  server.failWith(faults.late(10));
  await Promise.all([model.embed(texts(100)), model.classify(texts(10)), model.score('a', ['b'])]);
  assert.equal(server.mostAtOnce, 3);
  for (const { body } of server.requests) {
    if (Array.isArray(body.inputs)) assert.ok(body.inputs.length <= 8 && body.inputs.join('').length <= 150);
  }
});

test('an abort ends requests, waits and those who wait for their turn', async (context) => {
  const { server, model } = await setUp(context, { concurrency: 1 });
  server.failWith(faults.hang);
  const abort = new AbortController();
  const calls = [model.embed(['a'], abort), model.classify(['a'], abort), model.score('a', ['b'], abort)];
  const settled = Promise.allSettled(calls);
  await until(() => server.requests.length > 0);
  abort.abort(new Error('changed my mind'));
  for (const result of await settled) assert.match(inspect(result), /rejected.*changed my mind/s);
  assert.equal(server.requests.length, 1);
  server.work();
  await model.embed(['a']);
});

// Streams
// -----------------------------------------------------------------------------------------------------------

const midStream: Record<string, { fault: Fault; reason: string; limits?: Partial<HostedLimits> }> = {
  'ends before it is finished': {
    fault: faults.events((events) => events.slice(0, 4)),
    reason: 'bad-response',
  },
  'ends with [DONE] before it is finished': {
    fault: faults.events((events) => [...events.slice(0, 4), '[DONE]']),
    reason: 'bad-response',
  },
  'is reset': { fault: faults.stuckAfter(4, 'reset'), reason: 'unavailable' },
  hangs: { fault: faults.stuckAfter(4, 'hang'), reason: 'timeout', limits: { deadlineMs: 1_500 } },
  'sends broken JSON': {
    fault: faults.events((events) => events.with(4, '{"choices": [')),
    reason: 'bad-response',
  },
  'sends an error': {
    fault: faults.events((events) => events.with(4, { error: { message: `no memory for ${TOKEN}` } })),
    reason: 'unavailable',
  },
  'sends something else': {
    fault: faults.events((events) => events.with(4, { token: 'x' })),
    reason: 'bad-response',
  },
};
for (const [name, { fault, reason, limits }] of Object.entries(midStream)) {
  test(`a stream that ${name}: ${reason}, after the pieces before it, and no other try`, async (context) => {
    const { server, model } = await setUp(context, limits);
    const whole = await answer(model);
    server.failWith(fault);
    const pieces: string[] = [];
    await assert.rejects(answer(model, pieces), (error) => {
      assert.ok(!inspect(error).includes(TOKEN));
      return (error as { reason?: string }).reason === reason;
    });
    assert.equal(pieces.join(''), whole.slice(0, 3));
    assert.equal(server.requests.length, 2);
  });
}

test('streams take places, at most the limit, until they end; one broken off frees its', async (context) => {
  const { server, model } = await setUp(context, { concurrency: 2, deadlineMs: 1_500 });
  server.failWith(faults.stuckAfter(4, 'hang'));
  const streams = Promise.allSettled(Array.from({ length: 5 }, () => answer(model)));
  await until(() => server.requests.length >= 2);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(server.requests.length, 2);
  assert.ok((await streams).every(({ status }) => status === 'rejected'));
  assert.equal(server.requests.length, 5);
});

test('streams that break off open the circuit, although each began well', async (context) => {
  const { server, model } = await setUp(context, { concurrency: 1, tries: 2 });
  server.failWith(faults.stuckAfter(4, 'reset'));
  for (let i = 0; i < 2; i++) await assert.rejects(answer(model), { reason: 'unavailable' });
  await assert.rejects(answer(model), { reason: 'circuit-open' });
  assert.equal(server.requests.length, 2);
});

test('a stream that never ends, an event at a time, is given up after ten deadlines', async (context) => {
  const { clock, model } = await setUp(context);
  const pieces: string[] = [];
  await assert.rejects(
    async () => {
      for await (const piece of model.generate(messages, { maxTokens: 8 })) {
        pieces.push(piece);
        clock.advance(20 * SECOND);
      }
    },
    { reason: 'timeout', message: /no complete answer in 50 s/ },
  );
  assert.equal(pieces.length, 3);
});

test('a reader that leaves a stream ends the request', async (context) => {
  const { server, model } = await setUp(context);
  server.failWith(faults.stuckAfter(4, 'hang'));
  for await (const _ of model.generate(messages, { maxTokens: 8 })) break;
  await until(() => server.underWay === 0);
});

test('a stream that does not begin is tried again like any request', async (context) => {
  for (const [fault, reason] of [
    [faults.status(503), 'unavailable'],
    [faults.reset, 'unavailable'],
    [faults.body('<html>', 'text/html'), 'bad-response'],
  ] as const) {
    const { server, model } = await setUp(context);
    server.failWith(fault);
    await assert.rejects(answer(model), { reason });
    assert.equal(server.requests.length, TRIES);
    server.failWith(fault, 2);
    assert.equal((await answer(model)).length, 8);
  }
});

// Scores
// -----------------------------------------------------------------------------------------------------------

const notThere: Fault = (response, right, request) =>
  (request.path === '/v1/completions' ? faults.status(404) : faults.altered((same) => same))(
    response,
    right,
    request,
  );

test('without an echo, scores are estimated from the likeliest first tokens', async (context) => {
  const { server, model } = await setUp(context);
  const choices = ['t', 'c', 'z'];
  const exact = await model.score('is it the ', choices);
  assert.ok(exact.exact);

  const { server: poorer, model: other } = await setUp(context);
  poorer.failWith(notThere);
  const estimate = await other.score('is it the ', choices);
  assert.equal(estimate.exact, false);
  for (const i of [0, 1])
    assert.ok(Math.abs(estimate.logProbabilities[i] - exact.logProbabilities[i]) < 1e-6);
  assert.ok(estimate.logProbabilities[2] < estimate.logProbabilities[1], 'what is not listed is less likely');
  assert.ok(sum(estimate.logProbabilities.map(Math.exp)) <= 1);
  assert.equal(poorer.requests.length, 2);
  await other.score('is it the ', choices);
  assert.equal(poorer.requests.length, 3, 'a missing echo is remembered');
  assert.equal(server.requests.length, 1);
});

test('without log-probabilities, scores are estimated from twenty answers', async (context) => {
  const { server, model } = await setUp(context);
  const [exact] = (await model.score('is the cat her', ['e'])).logProbabilities;
  type Chat = { choices: { logprobs?: unknown }[] };
  const silent = faults.altered<Chat>((chat) => ({
    choices: chat.choices.map((choice) => ({ ...choice, logprobs: null })),
  }));
  server.failWith((response, right, request) =>
    (request.path === '/v1/completions' ? faults.status(404) : silent)(response, right, request),
  );
  const asked = server.requests.length;
  const first = await model.score('is the cat her', ['e', 'x']);
  assert.equal(first.exact, false);
  assert.ok(Math.abs(Math.exp(first.logProbabilities[0]) - Math.exp(exact)) < 0.25);
  assert.ok(first.logProbabilities[0] > first.logProbabilities[1]);
  assert.equal(server.requests.length - asked, 1 + 1 + 20);
  assert.deepEqual(await model.score('is the cat her', ['e', 'x']), first);
});

test('a server that refuses every way of scoring says why; one that is down is none', async (context) => {
  const { server, model } = await setUp(context);
  server.failWith(faults.status(401));
  await assert.rejects(model.score('a', ['b']), { reason: 'refused', message: /access token/ });
  server.failWith(faults.status(503));
  const asked = server.requests.length;
  await assert.rejects(model.score('a', ['b']), { reason: 'unavailable' });
  assert.equal(server.requests.length - asked, TRIES);
  server.work();
  assert.ok((await model.score('a', ['b'])).exact, 'a refusal of everything is not remembered');
});

// Secrets
// -----------------------------------------------------------------------------------------------------------

test('the access token is in no error, even where the server repeats it', async (context) => {
  const { server, model } = await setUp(context, { tries: 1, deadlineMs: 300 });
  const failures = [
    faults.status(401, {}, { error: `unknown token ${TOKEN}` }),
    faults.status(500, { 'content-type': 'text/plain' }, `${'x'.repeat(190)} ${TOKEN}`),
    faults.body(`<html>${TOKEN}`, 'text/html'),
    faults.altered(() => [[TOKEN]]),
    faults.hang,
    faults.reset,
  ];
  for (const fault of failures) {
    server.failWith(fault);
    const calls = [model.embed(['a']), model.classify(['a']), answer(model), model.score('a', ['b'])];
    for (const result of await Promise.allSettled(calls)) {
      assert.equal(result.status, 'rejected');
      assert.doesNotMatch(inspect(result, { depth: null, showHidden: true }), /not-to-be/);
    }
  }
  assert.ok(server.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`));
});
