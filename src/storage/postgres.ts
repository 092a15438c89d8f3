// The shared database: Postgres 15 or later with pgvector, reached through a pool. Every wait has a deadline,
// on the server (statement_timeout) and, for a connection that died without a word, on this side too.
import pg from 'pg';
import { TslrecError } from '../errors.ts';
import { type Database, type Query, runTransaction } from './database.ts';

const SECOND = 1000;
const CONNECT_TIMEOUT_MS = 10 * SECOND;
const STATEMENT_TIMEOUT_MS = 60 * SECOND;

/** SQLSTATE classes: connection, resources, operator intervention (shutdown, cancelled by a deadline). */
const SERVER_TROUBLE = /^(08|53|57)/;

export async function openPostgres(url: string): Promise<Database> {
  if (!URL.canParse(url)) {
    throw new TslrecError(
      'bad-request',
      'The URL of the database cannot be read; it has to look like ' +
        'postgres://user:password@host:5432/name, with special characters percent-encoded.',
    );
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 5 * SECOND,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'tslrec',
  });
  // A lost connection is told to its waiting statement or found at the next one; as an event it would end the
  // process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    await pool.end();
    throw new TslrecError(
      'unavailable',
      `The database ${withoutPassword(url)} does not answer: ${describe(error)}`,
      {
        cause: error,
      },
    );
  }
  return {
    query: sessionOf(pool),
    transaction: (work) => transaction(pool, work),
    close: () => pool.end(),
  };
}

/**
 * What the server says about a statement stays as it is; a lost or refused connection, a deadline, a shutdown
 * do not.
 */
function asUnavailable(error: unknown): unknown {
  const aboutStatement = error instanceof pg.DatabaseError && !SERVER_TROUBLE.test(error.code ?? '');
  if (aboutStatement) return error;
  return new TslrecError('unavailable', `The database does not answer: ${describe(error)}`, { cause: error });
}

/**
 * A failed transaction costs its connection: closing it is the one rollback that needs no answer from the
 * server.
 */
async function transaction<T>(pool: pg.Pool, work: (query: Query) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error) => {
    throw asUnavailable(error);
  });
  try {
    const result = await runTransaction(sessionOf(client), work);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

function sessionOf(client: pg.Pool | pg.PoolClient): Query {
  return async (sql, parameters) => {
    const result: pg.QueryResult | pg.QueryResult[] = await client
      .query(sql, parameters && [...parameters])
      .catch((error) => {
        throw asUnavailable(error);
      });
    return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
  };
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}

/**
 * Node reports a refused connection to a name with several addresses as an AggregateError without a message.
 */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join(', ');
  return (error as Error).message;
}
