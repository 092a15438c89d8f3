// Answers of hosted models that draft before they answer, read as distributions and scored: the draft,
// however a server sends it, is neither the answer nor its end.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHostedModel } from '../../src/language-model/hosted/hosted-model.ts';
import { readAnswers } from '../../src/language-model/reading/read-answers.ts';
import { silentProgress } from '../../src/progress.ts';
import {
  type Fault,
  faults,
  type SeenRequest,
  startLanguageModelServer,
} from '../support/language-model-server.ts';

const K = 3;
const DRAFT = 'They ask for {"0": 1} or so. No: {"2": 1}.';
const ANSWER = '{"1": 0.75, "0": 0.25}';
const DISTRIBUTION = Float32Array.of(0.25, 0.75, 0);
/** Tokens for an answer alone. */
const BRIEF = 13 * K + 64;

const content = (text: string) => text.match(/.{1,5}/gs)!.map((piece) => ({ content: piece }));

async function ask(context: TestContext, answer: (request: SeenRequest) => Fault, users = ['u']) {
  const server = await startLanguageModelServer(context);
  server.failWith((response, right, request) => answer(request)(response, right, request));
  const model = createHostedModel({ model: 'tiny', at: { endpointUrl: server.url }, limits: { tries: 1 } });
  const { distributions, ...counts } = await readAnswers(model, users, K, { progress: silentProgress });
  return { distributions, counts, maxTokens: server.requests.map(({ body }) => body.max_tokens) };
}

const DRAFTS: Record<string, readonly object[]> = {
  'in <think>': content(`<think>\n${DRAFT}\n</think>\n\n${ANSWER}`),
  'in <thinking>': content(`<thinking>${DRAFT}</thinking>${ANSWER}`),
  'in two tags': content(`<think>${DRAFT}</think><reasoning>${DRAFT}</reasoning> So: ${ANSWER}`),
  'that the chat template has opened': content(`${DRAFT}\n</think>\n\n${ANSWER}`),
  'that begins with its object': content(`{"0": 1} would be wrong.\n${ANSWER}`),
  'that begins with its object, in a draft that the chat template has opened': content(
    `{"0": 1} would be wrong.</think>${ANSWER}`,
  ),
  'in Markdown': content(
    `**Draft**\n\`\`\`json\n{"0": 1}\n\`\`\`\n**Answer**\n\`\`\`json\n${ANSWER}\n\`\`\``,
  ),
  'in <scratchpad>': content(`<scratchpad>${DRAFT}</scratchpad>${ANSWER}`),
  'in <scratchpad> behind words': content(`Well. <scratchpad>${DRAFT}</scratchpad>${ANSWER}`),
  'in a tag with blanks': content(`< think >${DRAFT}</ think >${ANSWER}`),
  "in Kimi's tag": content(`◁think▷${DRAFT}◁/think▷${ANSWER}`),
  'inside a draft': content(`<think>a<think>b</think>{"0": 1}</think>${ANSWER}`),
  'in a channel': content(
    `<|channel|>analysis<|message|>${DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>${ANSWER}`,
  ),
  'in a channel whose marks are left out': content(`analysis${DRAFT}assistantfinal${ANSWER}`),
  'in a field of its own': [{ reasoning_content: DRAFT }, ...content(ANSWER)],
  'in another field of its own': [{ reasoning: DRAFT, content: null }, ...content(ANSWER)],
  'in a field and a tag': [{ reasoning_content: DRAFT }, ...content(`<think></think>${ANSWER}`)],
};
for (const [where, deltas] of Object.entries(DRAFTS)) {
  test(`a draft ${where} is not the answer`, async (context) => {
    const { distributions, counts } = await ask(context, () => faults.saying(deltas));
    assert.deepEqual(distributions, DISTRIBUTION);
    assert.deepEqual(counts, { answers: 1, malformed: 0, givenUp: 0 });
  });
}

const UNFINISHED: Record<string, readonly object[]> = {
  'in <think>': content(`<think>${DRAFT}`),
  'in <scratchpad>': content(`<scratchpad>${DRAFT}`),
  'in a tag with blanks': content(`< think >${DRAFT}`),
  "in Kimi's tag": content(`◁think▷${DRAFT}`),
  'in a channel': content(`<|channel|>analysis<|message|>${DRAFT}<|end|>`),
  'in a second tag': content(`<think>a</think><thinking>${DRAFT}`),
  'in a field of its own': [{ reasoning_content: DRAFT }],
};
for (const [where, deltas] of Object.entries(UNFINISHED)) {
  test(`an answer cut in its draft ${where} is malformed and asked for with more room`, async (context) => {
    const { distributions, counts, maxTokens } = await ask(context, ({ body }) =>
      body.max_tokens === BRIEF ? faults.saying(deltas, 'length') : faults.saying(content(ANSWER)),
    );
    assert.deepEqual(distributions, DISTRIBUTION);
    assert.deepEqual(counts, { answers: 2, malformed: 1, givenUp: 0 });
    assert.deepEqual(maxTokens, [BRIEF, BRIEF + 4096]);
  });
}

test('who has drafted once has room for it from then on', async (context) => {
  const deltas = DRAFTS['that the chat template has opened'];
  const users = Array.from({ length: 12 }, (_, i) => `u${i}`);
  const { maxTokens } = await ask(context, () => faults.saying(deltas), users);
  assert.deepEqual([maxTokens[0], maxTokens.at(-1)], [BRIEF, BRIEF + 4096]);
});

test('a server without room for a draft is asked as before, and its answers are told', async (context) => {
  const asking = ask(context, ({ body }) =>
    body.max_tokens === BRIEF
      ? faults.saying(content(`<think>${DRAFT}`), 'length')
      : faults.status(400, {}, { error: "max_tokens is larger than this model's context" }),
  );
  await assert.rejects(asking, {
    code: 'bad-data',
    message: /got 3 answers to 1 prompts and none .* \(of the last, it ends inside the draft before it\), /,
  });
});

test('a draft that is cut off before anything tells it from an answer is none', async (context) => {
  await assert.rejects(
    ask(context, () => faults.saying(content(`Well. ${DRAFT}`), 'length')),
    { code: 'bad-data', message: /\(of the last, it was cut off before its end\), expected distributions/ },
  );
});

// Scores
// -----------------------------------------------------------------------------------------------------------

const CHAT = '/v1/chat/completions';
const whole = (message: object, logprobs: unknown = null, finish_reason = 'stop') =>
  faults.body(JSON.stringify({ choices: [{ index: 0, message, logprobs, finish_reason }] }));
const listed = (...tokens: [string, number][]) => ({
  content: [{ top_logprobs: tokens.map(([token, p]) => ({ token, logprob: Math.log(p) })) }],
});

async function score(context: TestContext, answer: (request: SeenRequest) => Fault) {
  const server = await startLanguageModelServer(context);
  server.failWith((response, right, request) =>
    (request.path === CHAT ? answer(request) : faults.status(404))(response, right, request),
  );
  const model = createHostedModel({ model: 'tiny', at: { endpointUrl: server.url }, limits: { tries: 1 } });
  return { scores: await model.score('is it', ['yes', 'no']), asked: server.requests.length };
}

for (const [where, message] of Object.entries({
  'in <think>': { content: '<think>no, or yes</think>\n Yes.' },
  'that the template has opened': { content: 'no, or yes</think>\n Yes.' },
  'in a field of its own': { content: 'Yes.', reasoning_content: 'no' },
})) {
  test(`a sample's draft ${where} is not scored`, async (context) => {
    const { scores } = await score(context, () => whole(message));
    assert.deepEqual(
      scores.logProbabilities,
      [21, 1].map((count) => Math.log(count / 23)),
    );
  });
}

test('the first tokens of a draft are no answer: samples are asked for, with more room', async (context) => {
  for (const [message, logprobs] of [
    [{ content: '<think>' }, listed(['<think>', 0.9], ['no', 0.1])],
    [{ content: '<' }, listed(['no', 0.1], ['<', 0.9])],
    [{ content: null, reasoning_content: 'no' }, listed(['no', 0.9], ['yes', 0.1])],
  ] as const) {
    const { scores, asked } = await score(context, ({ body }) => {
      if (body.logprobs) return whole(message, logprobs, 'length');
      const hasRoom = body.max_tokens! > 4096;
      return hasRoom
        ? whole({ content: '<think>no</think>yes' })
        : whole({ content: '<think>no' }, null, 'length');
    });
    assert.ok(scores.logProbabilities[0] > scores.logProbabilities[1]);
    assert.equal(asked, 1 + 1 + 2 * 20);
  }
});

test('samples that never leave their draft are no scores', async (context) => {
  await assert.rejects(
    score(context, () => whole({ content: null, reasoning: 'no, or yes' }, null, 'length')),
    {
      reason: 'unfinished-draft',
      message: /^The language model tiny ended inside the draft .*: allow more, /,
    },
  );
});
