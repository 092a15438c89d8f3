// One error class for everything that a caller can cause or has to handle. A broken invariant of our own
// is a plain Error whose message starts with `internal:`.

/** The catalogue of codes and the HTTP status each one answers with. */
export const ERROR_STATUS = {
  'bad-request': 400,
  'bad-parameter': 400,
  'not-found': 404,
  'unknown-item': 404,
  'unknown-user': 404,
  'unknown-version': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'bad-data': 422,
  unavailable: 503,
  'no-version': 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** A caller's mistake or a condition outside the program: the message says what was got, what is allowed and what to do. */
export class TslrecError extends Error {
  override readonly name = 'TslrecError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** Throws `internal: message` when an invariant of this program does not hold. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}
