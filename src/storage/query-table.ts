// The rows that a query of somebody's own finds in a Postgres, as a table: through a cursor, some thousands
// at a time, in a transaction that cannot write. Every wait has a deadline.
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { TslrecError } from '../errors.ts';
import { maskedUrl } from '../masked-url.ts';
import type { Table } from '../tables/table.ts';
import { ValuesRow } from '../tables/values-row.ts';
import { refuseToOpen, SERVER_TROUBLE } from './postgres-errors.ts';
import { connectionStrings, offersNoTls } from './postgres-tls.ts';

const ROWS_AT_ONCE = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** For a batch: the first one may have to sort everything. */
const BATCH_TIMEOUT_MS = 600_000;
/** What the server does not end by itself within its deadline. */
const GRACE_MS = 5_000;
const CLOSE_GRACE_MS = 500;

/**
 * `name`: the option that gave the query, for messages. The query is run each time that rows are read. Throws
 * 'bad-request' where the server refuses it, 'unavailable' where there is no server.
 */
export async function openQueryTable(url: string, sql: string, name: string): Promise<Table> {
  const query = sql.replace(/[\s;]+$/, '');
  const { fields } = await withClient(url, name, (client) =>
    // The line end keeps a comment at the end of the query from swallowing what follows.
    inTime(client.query(`SELECT * FROM (${query}\n) AS rows LIMIT 0`)),
  );
  const columns = fields.map((field) => field.name);
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined)
    throw new TslrecError(
      'bad-request',
      `${name}: got the column ${JSON.stringify(twice)} twice, expected each name once; rename one with AS.`,
    );

  const rows: Table['rows'] = (wanted, onRow) =>
    withClient(url, name, async (client) => {
      const places = wanted.map((column) => columns.indexOf(column));
      const cursor = client.query(new Cursor<unknown[]>(query, [], { rowMode: 'array', types: TYPES }));
      const row = new ValuesRow(name, wanted);
      for (;;) {
        const batch = await inTime(cursor.read(ROWS_AT_ONCE));
        for (const found of batch) {
          row.line++;
          for (const [i, place] of places.entries()) row.values[i] = found[place];
          onRow(row.values, row);
        }
        if (batch.length < ROWS_AT_ONCE) return cursor.close();
      }
    });
  return {
    name,
    columns,
    rows,
    records: (onRecord) =>
      rows(columns, (values, row) =>
        onRecord(Object.fromEntries(columns.map((column, i) => [column, values[i]])), row),
      ),
  };
}

/** Times and dates as text, which tells microseconds; all else as pg has it. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    const isTime = [pg.types.builtins.DATE, pg.types.builtins.TIMESTAMP, pg.types.builtins.TIMESTAMPTZ];
    return isTime.includes(oid) ? (text: string) => text : pg.types.getTypeParser(oid, format);
  },
};

/** One connection, in a transaction that cannot write. */
async function withClient<Result>(
  url: string,
  name: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const { client, close } = await connect(url);
  try {
    await inTime(
      client.query(
        `BEGIN READ ONLY; SET LOCAL statement_timeout = ${BATCH_TIMEOUT_MS}; SET LOCAL TimeZone = 'UTC'; ` +
          "SET LOCAL DateStyle = 'ISO'",
      ),
    );
    return await work(client);
  } catch (error) {
    throw toldOfQuery(name, error);
  } finally {
    await close();
  }
}

async function connect(url: string): Promise<{ client: pg.Client; close: () => Promise<void> }> {
  let refusal: unknown;
  for (const connectionString of connectionStrings(url)) {
    const socket = new Socket();
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'tslrec',
      keepAlive: true,
      stream: () => socket,
    });
    client.on('error', () => {}); // it is told to the statement that waits
    const close = async () => {
      await Promise.race([client.end(), setTimeout(CLOSE_GRACE_MS)]);
      socket.destroy();
    };
    try {
      await client.connect();
      return { client, close };
    } catch (error) {
      refusal = error;
      await close();
      if (!offersNoTls(error)) break;
    }
  }
  return refuseToOpen(maskedUrl(url), refusal);
}

async function inTime<Result>(waiting: Promise<Result>): Promise<Result> {
  const ended = new AbortController();
  const deadline = setTimeout(BATCH_TIMEOUT_MS + GRACE_MS, undefined, ended).then(() => {
    throw new Error(`no answer within ${BATCH_TIMEOUT_MS / 60_000} minutes`);
  });
  try {
    return await Promise.race([waiting, deadline]);
  } finally {
    ended.abort();
    deadline.catch(() => {});
  }
}

function toldOfQuery(name: string, error: unknown): unknown {
  if (error instanceof TslrecError) return error;
  const said = (error as Error).message;
  if (error instanceof pg.DatabaseError && !SERVER_TROUBLE.test(error.code ?? ''))
    return new TslrecError(
      'bad-request',
      `${name}: the database refuses the query: ${said}; correct it, and try it in psql first.`,
      { cause: error },
    );
  return new TslrecError(
    'unavailable',
    `${name}: the database stopped answering: ${said}; start the command again.`,
    { cause: error },
  );
}
