// Answers of models that only generate, read as distributions: what is asked again, what is counted, who gets
// the mean.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { chatPrompt } from '../../src/instructions/chat-samples.ts';
import { answerOf } from '../../src/instructions/distribution-answer.ts';
import { createHostedModel } from '../../src/language-model/hosted/hosted-model.ts';
import type { LanguageModel } from '../../src/language-model/language-model.ts';
import {
  LanguageModelError,
  type LanguageModelReason,
} from '../../src/language-model/language-model-error.ts';
import { readAnswers } from '../../src/language-model/reading/read-answers.ts';
import { silentProgress } from '../../src/progress.ts';
import { faults, startLanguageModelServer } from '../support/language-model-server.ts';

const progress = silentProgress;
const K = 3;
const LONGEST_ANSWER = answerOf(new Float32Array(K).fill(1 / K));

/** Answers each prompt with its next answer, in pieces of two characters; the last one again and again. */
function scripted(script: Readonly<Record<string, readonly string[]>>) {
  const asked: { prompt: string; temperature: number | undefined }[] = [];
  const said: string[] = [];
  const load = { now: 0, most: 0 };
  const model: Pick<LanguageModel, 'name' | 'generate'> = {
    name: 'scripted',
    async *generate(messages, { temperature, maxTokens }) {
      assert.ok(maxTokens >= LONGEST_ANSWER.length); // a token may be as short as a character
      const prompt = Object.keys(script).find((one) => messages[0].content.startsWith(one))!;
      assert.deepEqual(messages, chatPrompt(prompt, K));
      const before = asked.filter((other) => other.prompt === prompt).length;
      asked.push({ prompt, temperature });
      load.most = Math.max(load.most, ++load.now);
      try {
        await setTimeout(1);
        for (const piece of script[prompt][Math.min(before, script[prompt].length - 1)].match(/.{1,2}/gs) ??
          []) {
          said.push(piece);
          yield piece;
        }
      } finally {
        load.now--;
      }
    },
  };
  return { model: model as LanguageModel, asked, said, load };
}

test('answers are read in the order of the prompts, and no further where they go round', async () => {
  const { model, said } = scripted({
    first: [`${'{"0": 1}\n'.repeat(5)}I hope that this helps`],
    second: ['Yes: {"2": 0.5, "1": 0.5}'],
  });
  assert.deepEqual(await readAnswers(model, ['first', 'second'], K, { progress }), {
    distributions: Float32Array.of(1, 0, 0, 0, 0.5, 0.5),
    answers: 2,
    malformed: 0,
    givenUp: 0,
  });
  assert.ok(!said.join('').includes('hope'));
});

test('a malformed answer is asked for again at a higher temperature, and counted', async () => {
  const { model, asked } = scripted({ user: ['category 2', '{"2": 0.2}', '{"2": 1}'] });
  const { distributions, ...counts } = await readAnswers(model, ['user'], K, { tries: 3, progress });
  assert.deepEqual(distributions, Float32Array.of(0, 0, 1));
  assert.deepEqual(counts, { answers: 3, malformed: 2, givenUp: 0 });
  assert.deepEqual(
    asked.map(({ temperature }) => temperature),
    [0, 0.3, 0.6],
  );
});

test('who has no readable answer after all tries gets the mean of the others', async () => {
  const { model, asked } = scripted({ a: ['{"0": 1}'], b: ['no idea'], c: ['{"1": 0.5, "2": 0.5}'] });
  const { distributions, ...counts } = await readAnswers(model, ['a', 'b', 'c'], K, { tries: 2, progress });
  assert.deepEqual(distributions, Float32Array.of(1, 0, 0, 0.5, 0.25, 0.25, 0, 0.5, 0.5));
  assert.deepEqual(counts, { answers: 4, malformed: 2, givenUp: 1 });
  assert.equal(asked.length, 4);
});

test('a model of which nothing can be read is told; nobody to ask is nothing to read', async () => {
  const { model } = scripted({ user: ['{"7": 1}'] });
  await assert.rejects(readAnswers(model, ['user', 'user'], K, { tries: 2, progress }), {
    code: 'bad-data',
    message:
      'scripted: got 4 answers to 2 prompts and none that can be read (of the last, "7" is no category ' +
      'from 0 to 2), expected distributions over 3 categories as JSON; tune it on the chat.jsonl that ' +
      '`tslrec export-sft` writes, or ask another model.',
  });
  const nobody = { distributions: new Float32Array(0), answers: 0, malformed: 0, givenUp: 0 };
  assert.deepEqual(await readAnswers(model, [], K, { progress }), nobody);
});

test('an answer that breaks off is asked for anew, so many times; a server that refuses is not', async () => {
  const broken = (failures: readonly LanguageModelReason[]) => {
    let asked = 0;
    const model: Pick<LanguageModel, 'name' | 'generate'> = {
      name: 'broken',
      async *generate() {
        yield '{"1"';
        if (asked < failures.length) throw new LanguageModelError(failures[asked++], 'broken off');
        yield ': 1}';
      },
    };
    return readAnswers(model as LanguageModel, ['user'], K, { tries: 3, progress });
  };
  const { distributions, malformed } = await broken(['unavailable', 'timeout']);
  assert.deepEqual([...distributions, malformed], [0, 1, 0, 0]);
  await assert.rejects(broken(['unavailable', 'timeout', 'unavailable']), { reason: 'unavailable' });
  await assert.rejects(broken(['refused']), { reason: 'refused' });
});

test('a request that fails before the answer begins is not made anew: the model has tried it', async () => {
  let asked = 0;
  const model: Pick<LanguageModel, 'name' | 'generate'> = {
    name: 'silent',
    generate() {
      asked++;
      throw new LanguageModelError('unavailable', 'not now');
    },
  };
  await assert.rejects(readAnswers(model as LanguageModel, ['user'], K, { tries: 3, progress }), {
    reason: 'unavailable',
  });
  assert.equal(asked, 1);
});

test('so many users are asked at a time and no more', async () => {
  const { model, load } = scripted({ user: ['{"0": 1}'] });
  await readAnswers(model, new Array<string>(20).fill('user'), K, { concurrency: 3, progress });
  assert.deepEqual(load, { now: 0, most: 3 });
});

test('an aborted reading rejects with the reason', async () => {
  const stopped = new AbortController();
  const model = createHostedModel({ model: 'tiny', at: { endpointUrl: 'http://127.0.0.1:1' } });
  stopped.abort(new Error('enough'));
  await assert.rejects(readAnswers(model, ['user'], K, { signal: stopped.signal, progress }), /enough/);
});

test('a hosted model that answers well only above temperature 0 is asked twice a user', async (context) => {
  const { url, requests, failWith } = await startLanguageModelServer(context);
  failWith((response, chunks, request) => {
    const content = request.body.temperature === 0 ? 'the cat' : '{"1": 0.75, "0": 0.25} is the cat';
    faults.saying([{ content }])(response, chunks, request);
  });
  const model = createHostedModel({ model: 'tiny', at: { endpointUrl: url } });
  const { distributions, ...counts } = await readAnswers(model, ['u', 'v'], K, { progress });
  await model.release();
  assert.deepEqual(distributions, Float32Array.of(0.25, 0.75, 0, 0.25, 0.75, 0));
  assert.deepEqual(counts, { answers: 4, malformed: 2, givenUp: 0 });
  assert.deepEqual(requests.map(({ body }) => body.temperature).sort(), [0, 0, 0.3, 0.3]);
});

test('an answer that is cut off behind an object is malformed: that may be a draft', async (t) => {
  const { url, failWith } = await startLanguageModelServer(t);
  failWith(faults.saying([{ content: '{"1": 1} would be wrong, because' }], 'length'));
  const model = createHostedModel({ model: 'tiny', at: { endpointUrl: url } });
  await assert.rejects(readAnswers(model, ['u'], K, { progress }), /cut off before its end/);
});
