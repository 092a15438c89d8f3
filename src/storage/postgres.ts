// The shared database: Postgres 15 or later with pgvector, reached through a pool. Every wait has a deadline,
// on the server (statement_timeout) and, for a connection that died without a word, on this side too.
//
// A connection keeps no settings. Those that a statement needs go with it, in its transaction and in the same
// packet, so that a pooler which gives each transaction another connection (pgbouncer) changes nothing.
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { maskedUrl } from '../masked-url.ts';
import { type Database, DEFAULT_SCHEMA, type Lock, runTransaction, type SqlParameter } from './database.ts';
import { explained, isRefusal, refuseToOpen } from './postgres-errors.ts';
import { tryLock } from './postgres-lock.ts';
import { connectInTurn, connectionStrings } from './postgres-tls.ts';
import { findSearchPath } from './search-path.ts';

interface Deadline {
  readonly onServerMs: number;
  readonly hereMs: number;
}

const SECOND = 1000;
const CONNECT_TIMEOUT_MS = 5 * SECOND;
/** For a statement by itself. With the wait for a connection it is answered or refused within 15 s. */
const ALONE: Deadline = { onServerMs: 8 * SECOND, hereMs: 10 * SECOND };
const IN_TRANSACTION: Deadline = { onServerMs: 60 * SECOND, hereMs: 65 * SECOND };
/** Then connections are cut: those at work, and those whose other end hears nothing. */
const CLOSE_GRACE_MS = SECOND / 2;
const KEEP_ALIVE_AFTER_MS = 30 * SECOND;

export async function openPostgres(url: string, schema = DEFAULT_SCHEMA): Promise<Database> {
  const ways = connectionStrings(url);
  const opened = connectInTurn(ways, (connectionString) => openWith(connectionString, schema));
  return opened.catch((error) => refuseToOpen(maskedUrl(url), error));
}

async function openWith(connectionString: string, schema: string): Promise<Database> {
  const { pool, close } = createPool(connectionString);
  try {
    // One by one: of what is sent with others, a pooler that knows no transactions cuts off its own
    // complaint.
    const searchPath = await withConnection(pool, true, (client) =>
      runTransaction(
        (sql, parameters) => send(client, ALONE, sql, parameters),
        (query) => findSearchPath(query, schema),
      ),
    );
    return createDatabase(pool, schema, searchPath, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function createPool(connectionString: string): { pool: pg.Pool; close: () => Promise<void> } {
  const sockets = new Set<Socket>();
  const pool = new pg.Pool({
    connectionString,
    max: 10,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'tslrec',
    pipeline: true,
    stream: () => {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    },
  });
  // A lost connection is told to its waiting statement or found at the next one; as an event it would end the
  // process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const close = async () => {
    const ended = new AbortController();
    await Promise.race([pool.end(), setTimeout(CLOSE_GRACE_MS, undefined, ended)]);
    ended.abort();
    for (const socket of sockets) socket.destroy();
  };
  return { pool, close };
}

function createDatabase(
  pool: pg.Pool,
  schema: string,
  searchPath: string,
  close: () => Promise<void>,
): Database {
  const begin = ({ onServerMs, hereMs }: Deadline) =>
    `BEGIN; SET LOCAL search_path = ${searchPath}; SET LOCAL statement_timeout = ${onServerMs}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${hereMs}`;
  const locks = new Set<Lock>();
  const connections = {
    connect: () => connect(pool),
    send: (client: pg.PoolClient, sql: string, parameters?: readonly string[]) =>
      send(client, ALONE, sql, parameters),
  };
  return {
    schema,
    query: (sql, parameters) =>
      withConnection(pool, false, async (client) => {
        const [begun, answer, committed] = await Promise.allSettled([
          send(client, ALONE, begin(ALONE)),
          send<never>(client, ALONE, sql, parameters),
          send(client, ALONE, 'COMMIT'),
        ]);
        if (begun.status === 'rejected') throw begun.reason;
        if (answer.status === 'rejected') throw answer.reason;
        if (committed.status === 'rejected') throw committed.reason;
        return answer.value;
      }),
    transaction: (work) =>
      withConnection(pool, true, (client) =>
        runTransaction(
          (sql, parameters) =>
            send(client, IN_TRANSACTION, sql === 'BEGIN' ? begin(IN_TRANSACTION) : sql, parameters),
          async (query) => {
            const result = await work(query);
            for (const lock of locks) await lock.check();
            return result;
          },
        ),
      ),
    tryLock: async (name) => {
      const lock = await tryLock(name, connections);
      if (!lock) return undefined;
      locks.add(lock);
      const release = () => {
        locks.delete(lock);
        return lock.release();
      };
      return { check: lock.check, release };
    },
    close,
  };
}

function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  return pool.connect().catch((error) => {
    throw explained(error);
  });
}

/**
 * A failed transaction costs its connection: closing it is the one rollback that needs no answer from the
 * server. A statement by itself has had its COMMIT, so that it costs one only when the connection failed.
 */
async function withConnection<T>(
  pool: pg.Pool,
  isTransaction: boolean,
  use: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await connect(pool);
  try {
    const result = await use(client);
    client.release();
    return result;
  } catch (error) {
    client.release(isTransaction || !isRefusal(error));
    throw error;
  }
}

async function send<Row>(
  client: pg.PoolClient,
  { hereMs }: Deadline,
  sql: string,
  parameters?: readonly SqlParameter[],
): Promise<Row[]> {
  const statement = { text: sql, values: parameters && [...parameters], query_timeout: hereMs };
  const result: pg.QueryResult | pg.QueryResult[] = await client.query(statement).catch((error) => {
    throw explained(error);
  });
  return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
}
