// The parts of the hosted model that are functions of their own, on values small enough to check by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewAtATime } from '../../src/few-at-a-time.ts';
import { createCircuitBreaker } from '../../src/language-model/hosted/circuit-breaker.ts';
import { standsAt } from '../../src/language-model/hosted/embedding-rows.ts';
import { eventData } from '../../src/language-model/hosted/event-stream.ts';
import { createLimit, type Limit } from '../../src/language-model/hosted/limit.ts';
import {
  scoresFromEchoes,
  scoresFromFirstTokens,
  scoresFromSamples,
} from '../../src/language-model/hosted/score-estimates.ts';
import { tokenBatches } from '../../src/language-model/hosted/token-batches.ts';
import { LanguageModelError } from '../../src/language-model/language-model-error.ts';
import { retryAfterMs, systemClock } from '../../src/language-model/retry.ts';
import { untilStop } from '../../src/language-model/until-stop.ts';
import { collect } from '../support/collect.ts';
import { fakeClock } from '../support/fake-clock.ts';

async function* inPieces<Piece>(pieces: Iterable<Piece>): AsyncGenerator<Piece> {
  yield* pieces;
}

test('batches are neighbours, bounded in texts and in tokens', () => {
  const counts = (texts: readonly string[], bounds: { texts: number; tokens: number }) =>
    tokenBatches(texts, bounds).map(({ start, count }) => [start, count]);
  assert.deepEqual(counts([], { texts: 2, tokens: 9 }), []);
  assert.deepEqual(counts(['a', 'b', 'c', 'd', 'e'], { texts: 2, tokens: 99 }), [
    [0, 2],
    [2, 2],
    [4, 1],
  ]);
  // Three tokens each: one for up to three bytes, and two around it.
  assert.deepEqual(counts(['a', 'bb', 'ccc', 'd'], { texts: 9, tokens: 6 }), [
    [0, 2],
    [2, 2],
  ]);
  assert.deepEqual(counts(['a', 'x'.repeat(300), 'b'], { texts: 9, tokens: 10 }), [
    [0, 1],
    [1, 1],
    [2, 1],
  ]);
  // A Chinese character is three bytes: 4 of them and the frame are 6 tokens, as many as 12 Latin letters.
  assert.deepEqual(counts(['一二三四', 'a'], { texts: 9, tokens: 8 }), [
    [0, 1],
    [1, 1],
  ]);
});

test('Retry-After in both its forms', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfterMs('120', now), 120_000);
  assert.equal(retryAfterMs(' 0 ', now), 0);
  assert.equal(retryAfterMs('12.5', now), 12_500);
  assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000);
  assert.equal(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
  assert.equal(retryAfterMs('soon', now), undefined);
  assert.equal(retryAfterMs(null, now), undefined);
});

test('the real clock sleeps as long as it is told, or until it is aborted', async () => {
  const abort = new AbortController();
  const began = systemClock.now();
  await systemClock.sleep(20, abort.signal);
  assert.ok(systemClock.now() - began >= 19);
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 60_000);
  const sleeping = systemClock.sleep(60_000, abort.signal);
  abort.abort(new Error('wake up'));
  await assert.rejects(sleeping, /wake up/);
});

test('the circuit opens after failures in a row, lets one probe through, closes with a success', async () => {
  const clock = fakeClock();
  const breaker = createCircuitBreaker({ name: 'M', failuresToOpen: 2, coolDownMs: 1000, clock });
  const works = () => breaker.run(async () => 1);
  const fails = (reason: 'timeout' | 'refused' = 'timeout') =>
    assert.rejects(
      breaker.run(() => Promise.reject(new LanguageModelError(reason, ''))),
      { reason },
    );
  const open = () => assert.rejects(works(), { reason: 'circuit-open' });

  await fails();
  await works();
  await fails();
  await fails('refused'); // the server is up
  await fails();
  assert.equal(await works(), 1);
  await fails();
  await assert.rejects(
    breaker.run(() => Promise.reject(new Error('abort'))),
    /abort/,
  ); // says nothing about the server
  await fails();
  await open();
  clock.advance(999);
  await open();
  clock.advance(1);
  await fails();
  await open();
  clock.advance(1000);
  const probe = Promise.withResolvers<number>();
  const probing = breaker.run(() => probe.promise);
  await open();
  probe.resolve(2);
  assert.equal(await probing, 2);
  assert.deepEqual(await Promise.all([works(), works()]), [1, 1]);
});

test('a probe that is aborted gives its place back', async () => {
  const clock = fakeClock();
  const breaker = createCircuitBreaker({ name: 'M', failuresToOpen: 1, coolDownMs: 1000, clock });
  await assert.rejects(breaker.run(() => Promise.reject(new LanguageModelError('timeout', ''))));
  clock.advance(1000);
  await assert.rejects(
    breaker.run(() => Promise.reject(new Error('abort'))),
    /abort/,
  );
  assert.equal(await breaker.run(async () => 1), 1);
});

async function within<T>(limit: Limit, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const leave = await limit(signal);
  return work().finally(leave);
}

test('a limit keeps its number through successes, failures and aborts', async () => {
  const limit = createLimit(2);
  let running = 0;
  let most = 0;
  const work = async (i: number) => {
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    if (i % 3 === 0) throw new Error('no');
    return i;
  };
  const abort = new AbortController();
  const results = Array.from({ length: 20 }, (_, i) =>
    within(limit, () => work(i), i % 5 === 4 ? abort.signal : new AbortController().signal),
  );
  abort.abort();
  const settled = await Promise.allSettled(results);
  assert.equal(most, 2);
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 10);
  assert.equal(await within(limit, async () => 'free', new AbortController().signal), 'free');
});

test('a place that is handed on while its next holder gives up is not lost', async () => {
  for (let microtasks = 0; microtasks < 10; microtasks++) {
    const limit = createLimit(1);
    const gate = Promise.withResolvers<void>();
    const abort = new AbortController();
    const patient = new AbortController();
    const first = within(limit, () => gate.promise, patient.signal);
    const second = within(limit, async () => {}, abort.signal);
    const third = within(limit, async () => 'third', patient.signal);
    gate.resolve();
    for (let i = 0; i < microtasks; i++) await null;
    abort.abort();
    await Promise.allSettled([first, second]);
    assert.equal(await third, 'third');
  }
});

test('few at a time: results in order; after a failure nothing begins or is left running', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (i: number) => {
    begun.push(i);
    await new Promise((resolve) => setTimeout(resolve, 5 - (i % 5)));
    ended.push(i);
    if (i === 3) throw new Error('three');
    return i * i;
  };
  assert.deepEqual(await fewAtATime(3, [0, 1, 2], work), [0, 1, 4]);
  begun.length = ended.length = 0;
  await assert.rejects(fewAtATime(3, Array.from(Array(50).keys()), work), /three/);
  assert.ok(begun.length < 10, `${begun}`);
  assert.deepEqual(begun.toSorted(), ended.toSorted());
});

test('events come out whole, however their bytes are cut', async () => {
  const bytes = Buffer.from(
    ': hello\n\ndata: {"a":"日本"}\r\n\r\nevent: x\ndata:one\ndata: two\nid: 7\n\n\n\ndata: unfinished',
  );
  const limit = { mostCharacters: bytes.length, tooLong: () => new Error('too long') };
  for (let size = 1; size <= bytes.length; size++) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const events = await collect(eventData(inPieces(pieces), limit));
    assert.deepEqual(events, ['{"a":"日本"}', 'one\ntwo'], `pieces of ${size}`);
  }
});

test('text ends where the first stop text begins, however it falls into pieces', async () => {
  const cut = async (pieces: Iterable<string>, ...stops: string[]) =>
    (await collect(untilStop(inPieces(pieces), stops))).join('');
  assert.equal(await cut('one two three', ' two'), 'one');
  assert.equal(await cut('aaab', 'aab'), 'a');
  assert.equal(await cut('one END', 'ENDS'), 'one END');
  assert.equal(await cut(['x three two'], 'two', 'three'), 'x ');
  assert.equal(await cut(['abc', 'abd'], 'cab', 'bd'), 'ab');
  assert.equal(await cut('all of it'), 'all of it');
  assert.deepEqual(await collect(untilStop(inPieces(['on', 'e.', '.', 'two']), ['...'])), [
    'on',
    'e',
    '..two',
  ]);
});

test('a text asked for alone stands nearest to its own row', () => {
  const rows = Float32Array.of(1, 0, 0.9, 0.1, 0, 1);
  assert.ok(standsAt(0, Float32Array.of(1, 0.001), rows));
  assert.ok(!standsAt(0, Float32Array.of(0, 1), rows));
  assert.ok(!standsAt(2, Float32Array.of(1, 0), rows));
  assert.ok(!standsAt(1, Float32Array.of(0.8, 0.3), rows), 'nearest, and yet another one');
  const twins = Float32Array.of(1, 0, 1, 0.001);
  assert.ok(standsAt(0, Float32Array.of(1, 0.001), twins), 'rows that hardly differ may change places');
});

test('scores from echoes: the sum behind the prompt, whatever tokens the prompt has', () => {
  const echo = (index: number, tokens: string[], token_logprobs: (number | null)[]) => ({
    index,
    logprobs: { tokens, token_logprobs },
  });
  const prompt = echo(0, ['A', 'B'], [null, -1]);
  const choices = [
    echo(2, ['A', 'B', ' d'], [null, -1, -5]),
    prompt,
    echo(1, ['A', 'B', ' c', 'c'], [null, -1, -2, -3]),
  ];
  assert.deepEqual(scoresFromEchoes({ choices }, ['AB', 'AB cc', 'AB d']), {
    logProbabilities: [-5, -5],
    exact: true,
  });
  // "Bc" is one token: ln P(A Bc) - ln P(A B) = -4 - (-1).
  assert.deepEqual(scoresFromEchoes({ choices: [prompt, echo(1, ['A', 'Bc'], [null, -4])] }, ['AB', 'ABc']), {
    logProbabilities: [-3],
    exact: false,
  });
  const unusable: [string, object[], string[]][] = [
    ['nothing before the choice', [echo(0, [], []), echo(1, ['c'], [null])], ['', 'c']],
    ['no log-probabilities', [{ index: 0, text: 'AB' }], ['AB']],
    ['too few', choices, ['AB', 'AB cc', 'AB d', 'AB e']],
    ['empty lists', [echo(0, [], []), echo(1, [], [])], ['AB', 'ABc']],
    ['an answer in place of the echo', [echo(0, [' the'], [-1]), echo(1, [' the'], [-2])], ['AB', 'ABc']],
    ['an answer behind the echo', [prompt, echo(1, ['A', 'B', 'c', '!'], [null, -1, -2, -3])], ['AB', 'ABc']],
  ];
  for (const [what, answers, sent] of unusable) {
    assert.equal(scoresFromEchoes({ choices: answers }, sent), undefined, what);
  }
});

test('scores from first tokens: yes in all its spellings, and what is left for what is not listed', () => {
  const token = (text: string, probability: number) => ({ token: text, logprob: Math.log(probability) });
  const tokens = [token(' Yes', 0.4), token('ye', 0.2), token('▁no', 0.1), token(' ', 0.1)];
  const probabilities = (choices: string[]) =>
    scoresFromFirstTokens(tokens, choices)?.logProbabilities.map((value) =>
      Number(Math.exp(value).toFixed(6)),
    );
  assert.deepEqual(probabilities(['yes', 'no']), [0.6, 0.1]);
  // 0.2 is left, for "maybe" and everything else; at most as likely as the last one listed.
  assert.deepEqual(probabilities(['yes', 'maybe']), [0.6, 0.1]);
  assert.deepEqual(probabilities(['yes', 'maybe', 'perhaps']), [0.6, 0.066667, 0.066667]);
  assert.equal(probabilities(['yes', 'yellow']), undefined);
  assert.equal(probabilities(['maybe']), undefined);
});

test('scores from samples: one answer added for each choice and for everything else', () => {
  const answers = ['Yes.', 'yes, it is', ' no', 'not at all', 'hm'];
  const { logProbabilities, exact } = scoresFromSamples(answers, ['yes', 'no', 'not']);
  assert.equal(exact, false);
  assert.deepEqual(
    logProbabilities,
    [3, 2, 2].map((count) => Math.log(count / 9)),
  );
});
