// What goes wrong with a Postgres, as one sentence: what was met, and what to do. No sentence holds a
// password: the URL is masked, and servers and drivers do not repeat it.
import pg from 'pg';
import { TslrecError } from '../errors.ts';

/** SQLSTATE classes: connection, resources, operator intervention (shutdown, cancelled by a deadline). */
export const SERVER_TROUBLE = /^(08|53|57)/;
const READ_ONLY = '25006';
const NOT_PERMITTED = '42501';

interface Advice {
  /** Of the SQLSTATE, or of the code of Node's error. */
  readonly code?: RegExp;
  readonly message?: RegExp;
  /** Says what to do; gets what `message` found. */
  readonly advice: (found: RegExpExecArray) => string;
}

const RIGHT_USER = 'correct the user and the password in the URL, or let the server admit them';

/** The first that fits. */
const ADVICE: readonly Advice[] = [
  {
    message: /unsupported startup parameter(?: in options)?: (\w+)/,
    advice: ([, name]) =>
      `it is a pgbouncer: leave ${name} out of the URL, or set ignore_startup_parameters = ${name} in ` +
      'pgbouncer.ini',
  },
  {
    message: /statement pooling mode/,
    advice: () => 'it is a pgbouncer: set pool_mode = transaction or session in pgbouncer.ini',
  },
  {
    message: /no encryption|SSL off|SSL required|requires? SSL|requires? TLS/i,
    advice: () =>
      'it demands TLS: add sslmode=verify-full to the URL, with sslrootcert=FILE where the authority is ' +
      'your own',
  },
  {
    message: /does not support SSL/,
    advice: () => 'it offers no TLS: leave sslmode out of the URL, or turn TLS on at the server',
  },
  {
    code: /ALTNAME/,
    advice: () => 'its certificate is of another name: put that name into the URL, or sslmode=no-verify',
  },
  {
    code: /CERT|LEAF_SIGNATURE/,
    advice: () =>
      'its certificate is not trusted: name the authority with sslrootcert=FILE in the URL, or encrypt ' +
      'without knowing with whom by sslmode=no-verify',
  },
  {
    message: /password must be a (non-empty )?string/,
    advice: () => 'it wants a password: give one in the URL, postgres://user:password@host:5432/name',
  },
  { message: /password authentication failed/, advice: () => RIGHT_USER },
  { code: /^28/, advice: () => RIGHT_USER },
  {
    message: /no such database|database .* does not exist/i,
    advice: () => 'create the database (CREATE DATABASE), or correct the name in the URL',
  },
  { code: /^53300$/, advice: () => 'raise its max_connections, or put a pooler before it' },
  { code: /^(ENOTFOUND|EAI_AGAIN)$/, advice: () => 'correct the host in the URL' },
  { code: /^ENOENT$/, advice: () => 'correct the path of the file or the socket in the URL' },
];
const SEE_TO_IT = 'see that it runs and can be reached from here';

/** Refuses a database that could not be opened; `place` is its URL, masked. */
export function refuseToOpen(place: string, error: unknown): never {
  const cause = causeOf(error);
  const said = describe(cause);
  throw new TslrecError(
    'unavailable',
    `The database ${place} cannot be opened: ${said}; ${adviceFor(cause, said)}.`,
    { cause },
  );
}

function adviceFor(error: unknown, said: string): string {
  const code = String((error as { code?: unknown }).code ?? '');
  for (const { code: codes = /(?:)/, message = /(?:)/, advice } of ADVICE) {
    const found = message.exec(said);
    if (found && codes.test(code)) return advice(found);
  }
  return SEE_TO_IT;
}

/**
 * What the server says about a statement stays as it is; a lost or refused connection, a deadline, a
 * shutdown, a server that takes no writes and a right that is missing do not.
 */
export function explained(error: unknown): unknown {
  if (error instanceof TslrecError) return error;
  if (!(error instanceof pg.DatabaseError) || SERVER_TROUBLE.test(error.code ?? '')) {
    return new TslrecError('unavailable', `The database does not answer: ${describe(error)}.`, {
      cause: error,
    });
  }
  if (error.code === READ_ONLY) return readOnly(error);
  if (error.code !== NOT_PERMITTED) return error;
  return new TslrecError(
    'conflict',
    `The database refuses the user that the URL names: ${describe(error)}; grant it that right, or name ` +
      'another.',
    { cause: error },
  );
}

export const readOnly = (cause?: unknown): TslrecError =>
  new TslrecError(
    'conflict',
    'The database takes no writes (it is a standby, or default_transaction_read_only is on), so that it ' +
      'can be served from but not refreshed or migrated: name the primary.',
    { cause },
  );

function causeOf(error: unknown): unknown {
  return error instanceof TslrecError && error.cause !== undefined ? error.cause : error;
}

/**
 * One line without its full stop. Node reports a refused connection to a name with several addresses as an
 * AggregateError without a message.
 */
function describe(error: unknown): string {
  const said =
    error instanceof AggregateError
      ? error.errors.map((each: Error) => each.message).join(', ')
      : error instanceof Error
        ? error.message
        : String(error);
  return said.trim().split('\n')[0].replace(/\.$/, '');
}
