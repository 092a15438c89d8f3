// What goes wrong with a Postgres, as one sentence: what was met, and what to do. No sentence holds a
// password: the URL is masked, and servers and drivers do not repeat it.
import pg from 'pg';
import { TslrecError } from '../errors.ts';

/** SQLSTATE classes: connection, resources, operator intervention (shutdown, cancelled by a deadline). */
const SERVER_TROUBLE = /^(08|53|57)/;
const READ_ONLY = '25006';

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
  { code: /^57014$/, advice: () => 'it is overloaded, or somebody cancels: run the command again' },
  { code: /^53100$/, advice: () => "free space on the server's disk" },
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

/** Locks that are waited for too long, deadlocks, transactions in each other's way. */
const OTHERS_AT_WORK = /^(55P03|40)/;
/** What the server may say about a statement: the SQLSTATE, and what to do. The first that fits. */
const STATEMENT_ADVICE: readonly [RegExp, string][] = [
  [/^42501/, 'grant the user that the URL names that right, or name another user'],
  [OTHERS_AT_WORK, 'another session is at work on the same; run it again when that has ended'],
  [
    /^22(P05|021)/,
    'the database keeps its text in an encoding that lacks a character: make one with CREATE DATABASE ' +
      "... TEMPLATE template0 ENCODING 'UTF8', and name that",
  ],
  [
    /^(P0|23|09|27)/,
    "a trigger, rule or constraint that is not tslrec's may be on its tables: correct it, or name another " +
      'schema with TSLREC_SCHEMA',
  ],
  [
    /^42(703|P01|883|704|804|P02)|^3F/,
    "tslrec's tables are not as `npx tslrec migrate` has made them: restore them from a backup, or name " +
      'another schema with TSLREC_SCHEMA',
  ],
  [
    /^(58|XX00[12]|F0)/,
    'the server or its disk is damaged: read its log, and have an administrator repair it',
  ],
  [/^(54|2200H)/, 'a limit of the server is reached: raise it, or give less data'],
  [/^(42|22|02|21|24|26|34)/, 'this is a fault of tslrec (internal): report it with this sentence'],
];
const READ_THE_LOG = "read the server's log, and correct what it names";

/** Every failure of a statement or a connection, as a sentence; `cause` is what the driver threw. */
export function explained(cause: unknown): TslrecError {
  if (cause instanceof TslrecError) return cause;
  const said = describe(cause);
  if (!isRefusal(cause)) {
    const message = `The database does not answer: ${said}; ${adviceFor(cause, said)}.`;
    return new TslrecError('unavailable', message, { cause });
  }
  const state = sqlState(cause) ?? '';
  if (state === READ_ONLY) return readOnly(cause);
  const advice = STATEMENT_ADVICE.find(([states]) => states.test(state))?.[1] ?? READ_THE_LOG;
  return new TslrecError(
    OTHERS_AT_WORK.test(state) ? 'unavailable' : 'database-refuses',
    `The database refuses a statement: ${said} (SQLSTATE ${state}); ${advice}.`,
    { cause },
  );
}

/** Whether a server that goes on working has refused a statement. */
export const isRefusal = (error: unknown): boolean => {
  const cause = causeOf(error);
  return cause instanceof pg.DatabaseError && !SERVER_TROUBLE.test(cause.code ?? '');
};

/** Of an error that a server has sent, explained or not. */
export const sqlState = (error: unknown): string | undefined => (causeOf(error) as { code?: string }).code;

export const readOnly = (cause?: unknown): TslrecError =>
  new TslrecError(
    'conflict',
    'The database takes no writes (it is a standby, or default_transaction_read_only is on), so that it ' +
      'can be served from but not refreshed or migrated: name the primary.',
    { cause },
  );

/** What the server itself has said. */
export const saidOf = (error: unknown): string => describe(causeOf(error));

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
