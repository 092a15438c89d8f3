// The rows that a query of somebody's own finds in a Postgres, as a table: through a cursor, batch after
// batch, in a transaction that cannot write. Every wait has a deadline.
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { TslrecError } from '../errors.ts';
import { maskedUrl } from '../masked-url.ts';
import type { Table } from '../tables/table.ts';
import { ValuesRow } from '../tables/values-row.ts';
import { isRefusal, refuseToOpen } from './postgres-errors.ts';
import { connectInTurn, connectionStrings } from './postgres-tls.ts';

/** A batch is as many rows as come to about so many bytes, by the batch before. */
const BATCH_BYTES = 2 ** 24;
const FEWEST_ROWS = 100;
const MOST_ROWS = 10_000;
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
  const { fields } = await withClient(url, name, ({ client }) =>
    answered(
      name,
      // The line end keeps a comment at the end of the query from swallowing what follows. With a parameter
      // it is one statement: none in it can end the transaction.
      client.query(`SELECT * FROM (${query}\n) AS rows LIMIT $1`, [0]),
    ),
  );
  const columns = fields.map((field) => field.name);
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined)
    throw new TslrecError(
      'bad-request',
      `${name}: got the column ${JSON.stringify(twice)} twice, expected each name once; rename one with AS.`,
    );

  const rows: Table['rows'] = (wanted, onRow) =>
    withClient(url, name, async ({ client, socket }) => {
      const places = wanted.map((column) => columns.indexOf(column));
      const cursor = client.query(new Cursor<unknown[]>(query, [], { rowMode: 'array', types: TYPES }));
      const row = new ValuesRow(name, wanted);
      for (let count = FEWEST_ROWS; ; ) {
        const before = socket.bytesRead;
        const batch = await answered(name, cursor.read(count));
        for (const found of batch) {
          row.line++;
          for (const [i, place] of places.entries()) row.values[i] = found[place];
          onRow(row.values, row);
        }
        if (batch.length < count) return answered(name, cursor.close());
        const rowBytes = (socket.bytesRead - before) / count;
        count = Math.max(1, Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / rowBytes)));
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

const { DATE, TIMESTAMP, TIMESTAMPTZ, TEXT } = pg.types.builtins;
const TIMES: readonly number[] = [DATE, TIMESTAMP, TIMESTAMPTZ];
/** date[], timestamp[] and timestamptz[], and text[], in pg_type. */
const LISTS_OF_TIMES: readonly number[] = [1182, 1115, 1185];
const LIST_OF_TEXTS: number = 1009;

/** Times and dates as text, which tells microseconds in any time zone; all else as pg has it. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    const type = TIMES.includes(oid) ? TEXT : LISTS_OF_TIMES.includes(oid) ? LIST_OF_TEXTS : oid;
    return pg.types.getTypeParser(type, format);
  },
};

/** One connection, in a transaction that cannot write. */
async function withClient<Result>(
  url: string,
  name: string,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await connect(url);
  try {
    await answered(
      name,
      connection.client.query(
        `BEGIN READ ONLY; SET LOCAL statement_timeout = ${BATCH_TIMEOUT_MS}; SET LOCAL TimeZone = 'UTC'; ` +
          "SET LOCAL DateStyle = 'ISO'",
      ),
    );
    return await work(connection);
  } finally {
    await connection.close();
  }
}

interface Connection {
  readonly client: pg.Client;
  readonly socket: Socket;
  readonly close: () => Promise<void>;
}

function connect(url: string): Promise<Connection> {
  const ways = connectionStrings(url);
  return connectInTurn(ways, connectBy).catch((error) => refuseToOpen(maskedUrl(url), error));
}

async function connectBy(connectionString: string): Promise<Connection> {
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
    return { client, socket, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the server answers, within the deadline; where it does not, or refuses, that as a sentence. */
async function answered<Result>(name: string, waiting: Promise<Result>): Promise<Result> {
  const ended = new AbortController();
  const deadline = setTimeout(BATCH_TIMEOUT_MS + GRACE_MS, undefined, ended).then(() => {
    throw new Error(`no answer within ${BATCH_TIMEOUT_MS / 60_000} minutes`);
  });
  try {
    return await Promise.race([waiting, deadline]);
  } catch (error) {
    throw toldOfQuery(name, error);
  } finally {
    ended.abort();
    deadline.catch(() => {});
  }
}

function toldOfQuery(name: string, error: unknown): TslrecError {
  const said = (error as Error).message;
  if (isRefusal(error))
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
