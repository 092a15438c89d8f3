// One error class for everything that a caller can cause or has to handle. A broken invariant of our own
// is a plain Error whose message starts with `internal:`.

/** The catalogue of codes and the HTTP status each one answers with. */
export const ERROR_STATUS = {
  'bad-request': 400,
  'bad-parameter': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'unknown-item': 404,
  'unknown-user': 404,
  'unknown-version': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'precondition-failed': 412,
  'too-large': 413,
  'unsupported-media': 415,
  'range-not-satisfiable': 416,
  'bad-data': 422,
  'rate-limited': 429,
  overloaded: 429,
  'database-refuses': 503,
  unavailable: 503,
  'no-version': 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** What an answer with such a code has to say in headers; an error may say it more exactly. */
const HEADERS: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, string>>>>> = {
  unauthenticated: { 'WWW-Authenticate': 'Bearer realm="tslrec"' },
  'rate-limited': { 'Retry-After': '1' },
  overloaded: { 'Retry-After': '1' },
};

/**
 * A caller's mistake or a condition outside the program: the message says what was got, what is allowed and
 * what to do.
 */
export class TslrecError extends Error {
  override readonly name = 'TslrecError';
  readonly code: ErrorCode;

  /** Of the HTTP answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    { headers = {}, ...options }: { cause?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(inOneLine(message), options);
    this.code = code;
    this.headers = { ...HEADERS[code], ...headers };
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** Of a longer message the middle is left out: what was got may be a name of megabytes. */
const MOST_CHARACTERS = 4_000;
const LAST_CHARACTERS = 500;

/** What was got may also hold line ends, and codes that a terminal obeys. */
function inOneLine(message: string): string {
  const fits = message.length <= MOST_CHARACTERS;
  const text = fits
    ? message
    : `${message.slice(0, MOST_CHARACTERS - LAST_CHARACTERS)} ... ${message.slice(-LAST_CHARACTERS)}`;
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** Throws `internal: message` when an invariant of this program does not hold. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}

/** What went wrong with a file or folder that a caller named; other system errors are our own. */
const FILE_TROUBLE: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EBUSY: 'another file system is mounted there, or it is in use',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file stands where a folder is wanted',
  EFBIG: 'it would grow larger than a file may be here (`ulimit -f` says how large)',
  EIO: 'the disk fails to write or read it',
  EISDIR: 'it is a folder, a file is wanted',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENXIO: 'it is a socket, a file is wanted',
  EPERM: 'it is not permitted',
  EROFS: 'the file system is read-only',
  ERR_LINK_TO_NOTHING: 'it is a symbolic link to something that does not exist',
  ERR_NO_FOLDER_THERE: 'no folder can be made there',
};

/**
 * What a command prints for an error: one sentence for a caller's mistake, everything for a fault of our own.
 */
export function printable(error: unknown): unknown {
  if (error instanceof TslrecError) return `tslrec: ${error.message}`;
  const { code, path } = error as NodeJS.ErrnoException;
  const trouble = code !== undefined && path !== undefined ? FILE_TROUBLE[code] : undefined;
  return trouble
    ? `tslrec: ${path} cannot be used: ${trouble}; give another path or repair this one.`
    : error;
}
