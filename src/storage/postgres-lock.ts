// A lock that only one process has: an advisory lock on a connection of its own, for as long as a transaction
// on it stays open. A lock of the session would not do: behind a pooler which gives each transaction another
// connection it would be left on one that others use. Such a transaction reads nothing and writes nothing, so
// that it keeps no old rows alive. When its process ends, or its machine, the server lets go by itself.
import type pg from 'pg';
import { TslrecError } from '../errors.ts';
import type { Lock } from './database.ts';

/** The server would end a transaction that waits for hours, and wait for hours for a machine that died. */
const SETTINGS = `
  SELECT set_config(name, value, true)
  FROM (VALUES ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'),
    ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3')
  ) AS wanted (name, value)
  JOIN pg_settings USING (name)`;
const TAKE = 'SELECT 1 WHERE pg_try_advisory_xact_lock(hashtextextended($1, 0))';

export interface Connections {
  connect(): Promise<pg.PoolClient>;
  /** Within a deadline. */
  send(client: pg.PoolClient, sql: string, parameters?: readonly string[]): Promise<unknown[]>;
}

export async function tryLock(name: string, connections: Connections): Promise<Lock | undefined> {
  let connection = await take(name, connections);
  if (!connection) return undefined;
  return {
    check: async () => {
      if (connection && (await isAlive(connection, connections))) return;
      connection?.release(true);
      connection = undefined;
      connection = await take(name, connections);
      if (connection) return;
      throw new TslrecError(
        'conflict',
        'The connection that kept other refreshes out was lost, and another process has begun one since: ' +
          'this one publishes nothing; run it again when that one has ended.',
      );
    },
    release: async () => {
      connection?.release(true);
      connection = undefined;
    },
  };
}

async function take(name: string, { connect, send }: Connections): Promise<pg.PoolClient | undefined> {
  const client = await connect();
  try {
    await send(client, 'BEGIN');
    await send(client, SETTINGS);
    if ((await send(client, TAKE, [name])).length > 0) return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.release(true);
  return undefined;
}

const isAlive = (client: pg.PoolClient, { send }: Connections): Promise<boolean> =>
  send(client, 'SELECT 1').then(
    () => true,
    () => false,
  );
