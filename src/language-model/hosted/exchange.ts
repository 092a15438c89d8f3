// One HTTP exchange with the server of a language model: sent once, under a deadline that includes the
// reading of the body and a limit on its bytes, and answered as JSON or as a stream of events. Whatever goes
// wrong is a LanguageModelError; none of them carries headers or a cause, and the server's own words are
// redacted, so that the access token is never in one.

import { beginning, limited } from '../body-limit.ts';
import { LanguageModelError } from '../language-model-error.ts';
import { type Clock, retryAfterMs } from '../retry.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { eventData } from './event-stream.ts';
import { serverWords } from './server-words.ts';

export interface HttpRequest {
  readonly url: string;
  readonly init: RequestInit;
  /** Of the answer, without compression: more than a right one can have. */
  readonly mostBytes: number;
  /**
   * Takes what the server said when it refused the request. 'named': it names something that is sent for its
   * own good, and the request, made anew, goes without. 'unnamed': the request has something of that kind
   * that the server has never accepted.
   */
  leaveOut(refusal: string): 'named' | 'unnamed' | undefined;
  /** The server has answered. */
  accepted(): void;
}

/** A refusal of a request with arguments that may be left out, which is perhaps for their sake. */
export class RefusedArguments extends LanguageModelError {
  readonly isNamed: boolean;

  constructor(isNamed: boolean, ...rest: ConstructorParameters<typeof LanguageModelError>) {
    super(...rest);
    this.isNamed = isNamed;
  }
}

export interface Exchange {
  json(request: HttpRequest, signal: AbortSignal): Promise<unknown>;
  /**
   * The parsed data of each event up to `[DONE]` or the end; the deadline holds for the head and then for
   * each event, and ten times it for the whole stream.
   */
  events(request: HttpRequest, signal: AbortSignal): Promise<AsyncGenerator<unknown, void>>;
}

const STREAM_DEADLINES = 10;
/** What a server says about a failure is read no further. */
const MOST_WORDS = 2 ** 16;
/** Characters of one event of a stream, which is a few tokens. */
const MOST_EVENT = 2 ** 20;

export function createExchange(server: {
  readonly name: string;
  readonly accessToken: string | undefined;
  readonly deadlineMs: number;
  readonly clock: Clock;
}): Exchange {
  const { name, accessToken, deadlineMs, clock } = server;
  const words = (text: string) => serverWords(text, accessToken);

  /** What a body that is only to be shown says. */
  async function wordsOf({ body }: Response): Promise<string> {
    const { text, isCut } = await beginning(body, MOST_WORDS);
    // Where it is cut, the end may be a part of the token, which would not be recognised as one.
    return isCut && accessToken ? text.slice(0, -accessToken.length) : text;
  }

  function bodyOf(response: Response, { url, mostBytes }: HttpRequest): ReadableStream<Uint8Array> {
    return limited(response.body ?? new Blob([]).stream(), mostBytes, () => tooLong(url, mostBytes));
  }

  const tooLong = (url: string, bytes: number) =>
    new LanguageModelError(
      'bad-response',
      `${name} at ${url} gave more than ${(bytes / 1e6).toFixed(1)} MB as one answer, more than a right ` +
        "one can have: see that the URL is the model's own API.",
    );

  /** Runs a part of an exchange under the deadline and puts what it throws into words. */
  async function part<T>(
    deadline: Deadline,
    caller: AbortSignal,
    url: string,
    work: () => Promise<T>,
  ): Promise<T> {
    caller.throwIfAborted();
    try {
      return await deadline.within(work);
    } catch (error) {
      caller.throwIfAborted();
      if (error instanceof LanguageModelError) throw error;
      throw deadline.expired
        ? tooLate(url, deadlineMs)
        : new LanguageModelError(
            'unavailable',
            `${name} at ${url} cannot be reached or broke off (${networkCode(error)}): see that its server ` +
              'runs and that the URL is right.',
          );
    }
  }

  const tooLate = (url: string, ms: number) =>
    new LanguageModelError(
      'timeout',
      `${name} at ${url} gave no complete answer in ${ms / 1000} s: look at its load, or send it less at a ` +
        'time.',
    );

  async function open({ url, init, accepted, leaveOut }: HttpRequest, deadline: Deadline): Promise<Response> {
    // Followed, a redirected POST would arrive as a GET; so it counts as a refusal.
    const response = await fetch(url, { ...init, signal: deadline.signal, redirect: 'manual' });
    if (response.ok) {
      accepted();
      return response;
    }
    const { status } = response;
    const reason = reasonOf(status);
    const waitMs = retryAfterMs(response.headers.get('retry-after'), clock.now());
    const wish = waitMs === undefined ? '' : ` and wants to be left alone for ${Math.ceil(waitMs / 1000)} s`;
    const said = await wordsOf(response);
    const told = [
      reason,
      `${name} at ${url} answered ${status} (${words(said)})${wish}: ` +
        `${ADVICE_ON_STATUS[status] ?? ADVICE[reason]}.`,
      waitMs,
    ] as const;
    const suspect = mayBeOfArguments(status) ? leaveOut(said) : undefined;
    throw suspect ? new RefusedArguments(suspect === 'named', ...told) : new LanguageModelError(...told);
  }

  function parse(text: string, url: string, got: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new LanguageModelError(
        'bad-response',
        `${name} at ${url} answered with ${got} that is not JSON (${words(text)}): see that the URL is the ` +
          `model's own API.`,
      );
    }
  }

  /** A server that fails behind the head of its answer can only say so in an event. */
  function checkedEvent(event: unknown, url: string): unknown {
    if (typeof event !== 'object' || event === null || !('error' in event)) return event;
    throw new LanguageModelError(
      'unavailable',
      `${name} at ${url} failed in the middle of its answer (${words(JSON.stringify(event.error))}): ` +
        `${ADVICE.unavailable}.`,
    );
  }

  async function* parsedEvents(
    data: AsyncGenerator<string, void>,
    deadline: Deadline,
    caller: AbortSignal,
    url: string,
  ) {
    const longestMs = STREAM_DEADLINES * deadlineMs;
    const began = clock.now();
    try {
      while (true) {
        const next = await part(deadline, caller, url, () => data.next());
        if (next.done || next.value === '[DONE]') return;
        if (clock.now() - began > longestMs) throw tooLate(url, longestMs);
        yield checkedEvent(parse(next.value, url, 'an event'), url);
      }
    } finally {
      await data.return(); // closes the connection when the reader leaves early
    }
  }

  return {
    json(request, signal) {
      const deadline = createDeadline(deadlineMs, signal);
      return part(deadline, signal, request.url, async () => {
        const response = await open(request, deadline);
        return parse(
          await new Response(bodyOf(response, request)).text(),
          request.url,
          contentType(response),
        );
      });
    },

    async events(request, signal) {
      const deadline = createDeadline(deadlineMs, signal);
      const response = await part(deadline, signal, request.url, async () => {
        const opened = await open(request, deadline);
        if (contentType(opened).startsWith('text/event-stream')) return opened;
        throw new LanguageModelError(
          'bad-response',
          `${name} at ${request.url} answered with ${contentType(opened)} that is no stream of events ` +
            `(${words(await wordsOf(opened))}): see that the URL is the model's own chat API.`,
        );
      });
      const eventLimit = { mostCharacters: MOST_EVENT, tooLong: () => tooLong(request.url, MOST_EVENT) };
      return parsedEvents(eventData(bodyOf(response, request), eventLimit), deadline, signal, request.url);
    },
  };
}

/**
 * 408 and TEI's 424 (its backend failed) are troubles of the server although they are numbered as the
 * caller's.
 */
function reasonOf(status: number): keyof typeof ADVICE {
  if (status === 429) return 'rate-limited';
  return (status >= 500 && status !== 501) || status === 408 || status === 424 ? 'unavailable' : 'refused';
}

/** Other 4xx are of who asks, or how often and how much; other 5xx of the server's state. */
function mayBeOfArguments(status: number): boolean {
  return (
    status === 500 || (status >= 400 && status < 500 && ![401, 403, 408, 413, 424, 429].includes(status))
  );
}

const ADVICE = {
  'rate-limited': 'ask less often, or later',
  unavailable: 'see to its server, or try again later',
  refused: 'give what it asks for',
} as const;

const REDIRECT = 'give the URL that it points to';
const ADVICE_ON_STATUS: Readonly<Record<number, string>> = {
  301: REDIRECT,
  302: REDIRECT,
  307: REDIRECT,
  308: REDIRECT,
  401: 'give an access token that is valid there',
  403: 'give an access token that may use this model',
  404: 'see that the URL is right and that this model does what was asked',
  413: 'send less at a time',
};

const contentType = (response: Response): string =>
  response.headers.get('content-type') ?? 'a body without a type';

/** fetch says only "fetch failed" or "terminated"; the reason is in its cause. */
function networkCode(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : 'no reason is known';
}
