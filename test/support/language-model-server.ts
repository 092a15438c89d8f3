// A server that speaks the HTTP of the real ones over a model small enough to check by hand, and that fails
// as told.
//
//   POST /                     texts -> vectors and text -> labels, as TEI answers (router/src/http/server.rs
//   of
//                              text-embeddings-inference, July 2026); one URL serves both here, told apart by
//                              a list or a text
//   POST /v1/embeddings        OpenAI's embeddings
//   POST /v1/completions       OpenAI's completions as far as vLLM's echo needs
//   (entrypoints/openai/completion/serving.py) POST /v1/chat/completions  OpenAI's chat, whole or streamed,
//   with log-probabilities
//
// A token is a character. A vector counts a text's bytes in 16 bins; the next character depends on the last
// one only, by how often it follows it in CORPUS.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { createRandom } from '../../src/random.ts';

export interface LanguageModelServer {
  readonly url: string;
  /** Everything that was asked, in order. */
  readonly requests: readonly SeenRequest[];
  /** Requests that have neither been answered nor been given up, now and at most. */
  readonly underWay: number;
  readonly mostAtOnce: number;
  /** Lets the next requests fail, all of them if `times` is not given. */
  failWith(fault: Fault, times?: number): void;
  work(): void;
  /** Ends its connections and listens no longer. */
  stop(): Promise<void>;
}

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
}

/** Sends something else than the right answer, or makes something else of it. */
export type Fault = (response: ServerResponse, answer: unknown, request: SeenRequest) => void;

export const WIDTH = 16;

interface RequestBody {
  readonly inputs?: string | readonly string[];
  readonly input?: readonly string[];
  readonly prompt?: readonly string[];
  readonly messages?: readonly { readonly content: string }[];
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly stream?: boolean;
  readonly echo?: boolean;
  readonly logprobs?: number | boolean;
  readonly top_logprobs?: number;
}

export async function startLanguageModelServer(test: TestContext): Promise<LanguageModelServer> {
  const requests: SeenRequest[] = [];
  let fault: Fault | undefined;
  let faultsLeft = 0;
  let underWay = 0;
  let mostAtOnce = 0;
  const server = createServer(async (message, response) => {
    underWay++;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    response.on('close', () => underWay--);
    const body = JSON.parse(await text(message)) as RequestBody;
    const request = { path: message.url!, headers: message.headers, body };
    requests.push(request);
    const answer = answerTo(request.path, body);
    if (fault && faultsLeft-- > 0) fault(response, answer, request);
    else send(response, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    if (server.listening) await once(server.close(), 'close');
  };
  test.after(stop);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get underWay() {
      return underWay;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    failWith(next, times = Number.POSITIVE_INFINITY) {
      fault = next;
      faultsLeft = times;
    },
    work() {
      fault = undefined;
    },
    stop,
  };
}

// What goes wrong
// -----------------------------------------------------------------------------------------------------------

export const faults = {
  status:
    (
      status: number,
      headers: Record<string, string> = {},
      body: unknown = { error: 'out of order' },
    ): Fault =>
    (response) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    },
  /** Ends the connection without an answer. */
  reset: ((response) => response.destroy()) as Fault,
  /** Never answers. */
  hang: (() => {}) as Fault,
  /** A byte of the body every few milliseconds, without end. */
  slowLoris: ((response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('[');
    const timer = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(timer));
  }) as Fault,
  /** Stops in the middle of the body and ends the connection. */
  cutOff: ((response, answer) => {
    const whole = JSON.stringify(answer);
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(whole),
    });
    response.write(whole.slice(0, whole.length / 2), () => response.destroy());
  }) as Fault,
  body:
    (body: string, type = 'application/json'): Fault =>
    (response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    },
  /** Another answer, made of the right one. */
  altered:
    <Answer>(change: (answer: Answer) => unknown): Fault =>
    (response, answer) =>
      send(response, change(answer as Answer)),
  /** Other events of a stream, made of the right ones. */
  events:
    (change: (events: readonly unknown[]) => readonly unknown[]): Fault =>
    (response, answer) =>
      send(response, new EventList(change((answer as EventList).events))),
  /** A chat that says something else: each delta in an event of its own, and why it ended. */
  saying:
    (deltas: readonly object[], finish_reason = 'stop'): Fault =>
    (response, answer) => {
      const [chunk] = (answer as EventList).events as { choices: object[] }[];
      const event = (delta: object, reason: string | null) => ({
        ...chunk,
        choices: [{ index: 0, delta, finish_reason: reason }],
      });
      const events = [...deltas.map((delta) => event(delta, null)), event({}, finish_reason), '[DONE]'];
      send(response, new EventList(events));
    },
  /** The first events of a stream, and then nothing, or the end of the connection. */
  stuckAfter:
    (events: number, and: 'hang' | 'reset'): Fault =>
    (response, answer) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const sent = (answer as EventList).events
        .slice(0, events)
        .map((event) => `data: ${JSON.stringify(event)}\n\n`);
      response.write(sent.join(''), () => and === 'reset' && setTimeout(() => response.destroy(), 20));
    },
  /** The right answer after a while. */
  late:
    (ms: number): Fault =>
    (response, answer) => {
      setTimeout(() => send(response, answer), ms);
    },
} as const;

// HTTP
// -----------------------------------------------------------------------------------------------------------

interface Failure {
  readonly status: number;
  readonly error: string;
}

const isFailure = (answer: unknown): answer is Failure =>
  typeof answer === 'object' && answer !== null && 'status' in answer;

/** A streamed answer. */
class EventList {
  readonly events: readonly unknown[];
  constructor(events: readonly unknown[]) {
    this.events = events;
  }
}

/** Each event goes out in two pieces, so that readers meet the cuts that networks make. */
function send(response: ServerResponse, answer: unknown): void {
  if (answer instanceof EventList) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of answer.events) {
      const bytes = Buffer.from(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
      response.write(bytes.subarray(0, bytes.length / 2));
      response.write(bytes.subarray(bytes.length / 2));
    }
    response.end(':bye\n\n');
  } else if (isFailure(answer)) {
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: answer.error }));
  } else {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}

function answerTo(path: string, body: RequestBody): unknown {
  if (path === '/')
    return typeof body.inputs === 'string' ? labelsOf(body.inputs) : vectorsOf(body.inputs ?? []);
  if (path === '/v1/embeddings') {
    const vectors = vectorsOf(body.input ?? []);
    if (isFailure(vectors)) return vectors;
    return {
      object: 'list',
      data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    };
  }
  if (path === '/v1/completions')
    return { choices: (body.prompt ?? []).map((prompt, index) => echo(prompt, index)) };
  if (path === '/v1/chat/completions') return body.stream ? streamedChat(body) : wholeChat(body);
  return { status: 404, error: `nothing at ${path}` } satisfies Failure;
}

function vectorsOf(texts: readonly string[]): number[][] | Failure {
  if (texts.length > 32)
    return { status: 422, error: `batch size ${texts.length} > maximum allowed batch size 32` };
  if (texts.includes('')) return { status: 400, error: '`inputs` cannot be empty' };
  return texts.map(vectorOf);
}

/** By score, as TEI lists them. */
function labelsOf(input: string): object {
  if (input === '') return { status: 400, error: '`inputs` cannot be empty' } satisfies Failure;
  const v = vectorOf(input);
  const exps = ['LABEL_0', 'LABEL_2', 'LABEL_10'].map((label, i) => ({
    label,
    exp: Math.exp(3 * v[4 * i + 3]),
  }));
  const sum = exps.reduce((total, { exp }) => total + exp, 0);
  return exps.map(({ label, exp }) => ({ label, score: exp / sum })).sort((a, b) => b.score - a.score);
}

function echo(prompt: string, index: number): object {
  const tokens = [...prompt];
  const token_logprobs = tokens.map((token, i) =>
    i === 0 ? null : Math.log(probability(tokens[i - 1], token)),
  );
  return { index, text: prompt, logprobs: { tokens, token_logprobs }, finish_reason: 'length' };
}

function wholeChat(body: RequestBody): object {
  const { tokens, finishReason } = answered(body);
  const last = lastCharacter(body);
  const top = ALPHABET.map((token) => ({ token, logprob: Math.log(probability(last, token)) }))
    .sort((a, b) => b.logprob - a.logprob)
    .slice(0, body.top_logprobs ?? 0);
  const logprobs = body.logprobs
    ? { content: [{ token: tokens[0], logprob: top[0]?.logprob, top_logprobs: top }] }
    : null;
  const message = { role: 'assistant', content: tokens.join('') };
  return { choices: [{ index: 0, message, logprobs, finish_reason: finishReason }] };
}

function streamedChat(body: RequestBody): EventList {
  const { tokens, finishReason } = answered(body);
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  });
  return new EventList([
    chunk({ role: 'assistant', content: '' }),
    ...tokens.map((content) => chunk({ content })),
    chunk({}, finishReason),
    { object: 'chat.completion.chunk', choices: [], usage: { completion_tokens: tokens.length } },
    '[DONE]',
  ]);
}

// The model
// -----------------------------------------------------------------------------------------------------------

const CORPUS =
  'the cat sat on the mat and the dog ran to the cat. yes, the mat is here. no, the cat is not. '.repeat(3);
const ALPHABET = [...new Set(CORPUS)].sort();
const FOLLOWERS = Map.groupBy(
  [...CORPUS].slice(1).map((next, i) => [CORPUS[i], next]),
  ([last]) => last,
);

/** P(next | last), a little for every letter of the corpus, and hardly anything for others. */
function probability(last: string, next: string): number {
  if (!ALPHABET.includes(next)) return 1e-9;
  const followers = FOLLOWERS.get(last) ?? [];
  const count = followers.filter(([, follower]) => follower === next).length;
  return (0.99 * (count + 0.01)) / (followers.length + 0.01 * ALPHABET.length);
}

const lastCharacter = ({ messages }: RequestBody): string =>
  [...(messages?.at(-1)?.content ?? '')].at(-1) ?? ' ';

/** Without a chat template: an answer continues the last message. */
function answered(body: RequestBody): { tokens: string[]; finishReason: string } {
  const { max_tokens = 16, temperature = 1, seed = 0, stop = [] } = body;
  const random = createRandom(seed);
  const tokens: string[] = [];
  let last = lastCharacter(body);
  while (tokens.length < max_tokens) {
    last = temperature === 0 ? likeliest(last) : drawn(last, temperature, random.next());
    tokens.push(last);
    // As TGI does, the answer keeps the text that ended it.
    if (stop.some((end) => tokens.join('').endsWith(end))) return { tokens, finishReason: 'stop' };
  }
  return { tokens, finishReason: 'length' };
}

const likeliest = (last: string): string =>
  ALPHABET.reduce((best, token) => (probability(last, token) > probability(last, best) ? token : best));

function drawn(last: string, temperature: number, at: number): string {
  const weights = ALPHABET.map((token) => probability(last, token) ** (1 / temperature));
  let rest = at * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return ALPHABET[i];
  }
  return ALPHABET.at(-1)!;
}

function vectorOf(input: string): number[] {
  const bins = new Array<number>(WIDTH).fill(0);
  for (const byte of Buffer.from(input).subarray(-8192)) bins[(byte * 7) % WIDTH] += 1 + byte / 256;
  const norm = Math.hypot(...bins);
  return bins.map((value) => value / norm);
}
