// What can go wrong with a language model, by name, so that a job can tell a server that is down from one
// that is misconfigured.
import { type ErrorCode, TslrecError } from '../errors.ts';

/** The catalogue of reasons and the code that each has as a TslrecError. */
const CODE_OF = {
  /** No complete answer within the deadline. */
  timeout: 'unavailable',
  /** The server asks for fewer requests (429). */
  'rate-limited': 'unavailable',
  /** The server cannot be reached, breaks off or fails (5xx). */
  unavailable: 'unavailable',
  /** Not asked, because the last requests failed one after the other. */
  'circuit-open': 'unavailable',
  /** An answer that is not what was asked for. */
  'bad-response': 'unavailable',
  /** An answer that ended inside the draft before it. */
  'unfinished-draft': 'bad-data',
  /** An answer that was to be whole and has more tokens than it may. */
  'cut-off': 'bad-data',
  /** The server does not accept the request (4xx). */
  refused: 'bad-request',
  /** The model does not do this. */
  unsupported: 'bad-request',
} as const satisfies Record<string, ErrorCode>;

export type LanguageModelReason = keyof typeof CODE_OF;

/** Failures of the server itself: what was asked may be answered later. A server that refuses is up. */
const SERVER_FAILURES: readonly LanguageModelReason[] = [
  'timeout',
  'rate-limited',
  'unavailable',
  'bad-response',
];

export class LanguageModelError extends TslrecError {
  readonly reason: LanguageModelReason;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: LanguageModelReason, message: string, retryAfterMs?: number) {
    super(CODE_OF[reason], message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  /** Of an answer to which `maxTokens` were allowed. */
  static unfinishedDraft(name: string, maxTokens: number): LanguageModelError {
    return new LanguageModelError(
      'unfinished-draft',
      `${name} ended inside the draft before its answer, to which ${maxTokens} tokens were allowed: allow ` +
        'more, or serve it so that it answers without one.',
    );
  }

  static cutOff(name: string, maxTokens: number): LanguageModelError {
    return new LanguageModelError(
      'cut-off',
      `${name} had not ended its answer after the ${maxTokens} tokens that were allowed: allow more, or ` +
        'use a model that was tuned to answer like this.',
    );
  }

  get isServerFailure(): boolean {
    return SERVER_FAILURES.includes(this.reason);
  }
}
