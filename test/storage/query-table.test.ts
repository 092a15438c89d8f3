// What a query of somebody's own finds, on a real server: values, order, deadlines, and that it cannot write.
process.env.TZ = 'America/New_York'; // before anything makes a Date: nothing here may depend on it

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { openQueryTable } from '../../src/storage/query-table.ts';
import { refused } from '../support/errors.ts';
import { temporaryPostgresDatabase, withoutPostgres } from '../support/stores.ts';

const skip = withoutPostgres;

async function database(context: TestContext, sql: string) {
  const url = await temporaryPostgresDatabase(context);
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  context.after(() => client.end());
  await client.query(sql);
  return { url, client };
}

test('values as they are told further: digits, microseconds, lists, objects, in any time zone', {
  skip,
}, async (context) => {
  const { url } = await database(context, '');
  const values = {
    "'größer'": 'größer',
    'NULL::text': null,
    '9007199254740993::int8': '9007199254740993',
    '12::int4': 12,
    '10.50::numeric(38, 2)': '10.50',
    '0.5::float8': 0.5,
    true: true,
    "'2024-02-29'::date": '2024-02-29',
    "'2024-05-31 18:00:00.123456'::timestamp": '2024-05-31 18:00:00.123456',
    "'2024-05-31 18:00:00.123456+02'::timestamptz": '2024-05-31 16:00:00.123456+00',
    "ARRAY['2024-05-31 18:00:00.000001'::timestamp, NULL]": ['2024-05-31 18:00:00.000001', null],
    "ARRAY['2024-02-29'::date]": ['2024-02-29'],
    '\'{red,"dry, too"}\'::text[]': ['red', 'dry, too'],
    '\'{"a": [1, {"b": null}]}\'::jsonb': { a: [1, { b: null }] },
  };
  const columns = Object.keys(values).map((_, i) => `c${i}`);
  const sql = Object.keys(values).map((value, i) => `${value} AS c${i}`);
  const table = await openQueryTable(url, `SELECT ${sql.join(', ')}`, '--items-query');
  assert.deepEqual([table.name, table.columns], ['--items-query', columns]);
  const found: unknown[] = [];
  await table.records((record) => found.push(record));
  assert.deepEqual(found, [Object.fromEntries(columns.map((name, i) => [name, Object.values(values)[i]]))]);
});

test('rows come in the order of the query and only with the columns asked for, batch after batch', {
  skip,
}, async (context) => {
  const { url } = await database(context, '');
  for (const rows of [0, 1, 99, 100, 101, 10_100, 30_000]) {
    const sql = `SELECT n, -n AS other FROM generate_series(1, ${rows}) AS n ORDER BY n DESC; `;
    const table = await openQueryTable(url, sql, '--interactions-query');
    let expected = rows;
    let line = 0;
    await table.rows(['other', 'none', 'n'], (values, row) => {
      assert.deepEqual(values, [-expected, undefined, expected]);
      assert.equal(row.line, ++line);
      expected--;
    });
    assert.equal(expected, 0);
  }
});

test('of wide rows few are fetched at once', { skip }, async (context) => {
  const { url } = await database(context, '');
  const sql = `SELECT extract(epoch FROM clock_timestamp())::float8 AS made,
    repeat(md5(n::text), 32768) AS text FROM generate_series(1, 200) AS n`; // 1 MiB each
  const table = await openQueryTable(url, sql, '--items-query');
  const made: number[] = [];
  await table.rows(['made', 'text'], ([seconds, text]) => {
    assert.equal((text as string).length, 2 ** 20);
    made.push(seconds as number);
    // The server makes rows of the next batch only when this one has been gone through.
    if (made.length === 101) for (const end = performance.now() + 500; performance.now() < end; );
  });
  assert.equal(made.length, 200);
  const pause = made.findIndex((seconds, i) => i > 100 && seconds - made[i - 1] > 0.4);
  assert.ok(pause > 100 && pause <= 117, `${pause}`);
});

test('what would write is refused, and leaves nothing behind', { skip }, async (context) => {
  const { url, client } = await database(
    context,
    `CREATE TABLE kept (n int); CREATE SEQUENCE numbers;
     CREATE FUNCTION sly() RETURNS int LANGUAGE sql AS 'INSERT INTO kept VALUES (1) RETURNING n'`,
  );
  const cases: [sql: string, message: RegExp][] = [
    ['SELECT sly() AS n', /cannot execute INSERT in a read-only transaction/],
    ["SELECT nextval('numbers') AS n", /cannot execute nextval\(\) in a read-only transaction/],
    ['WITH w AS (INSERT INTO kept VALUES (1) RETURNING n) SELECT n FROM w', /WITH clause containing/],
    ['INSERT INTO kept VALUES (1) RETURNING n', /syntax error/],
    [
      'SELECT 1 AS n) AS x; COMMIT; INSERT INTO kept SELECT * FROM (SELECT 1',
      /cannot insert multiple commands/,
    ],
    ['SELECT 1 AS n; DELETE FROM kept', /syntax error/],
    ['SELECT n FROM kept, nowhere', /relation "nowhere" does not exist/],
    ['SELECT 1 AS n WHERE $1', /got|refuses the query/],
    ['', /syntax error/],
  ];
  for (const [sql, message] of cases) {
    const read = openQueryTable(url, sql, '--items-query').then((table) => table.rows(['n'], () => {}));
    await assert.rejects(read, refused(message, '--items-query: the database refuses the query: '), sql);
  }
  assert.deepEqual((await client.query('SELECT * FROM kept')).rows, []);
});

test('a connection that is ended, and one that waits for too long, are told; nothing stays open', {
  skip,
}, async (context) => {
  const { url, client } = await database(context, '');
  const table = await openQueryTable(url, 'SELECT n FROM generate_series(1, 1000000) AS n', '--items-query');
  const others = `SELECT pid FROM pg_stat_activity WHERE application_name = 'tslrec'
    AND datname = current_database()`;
  let ended: Promise<unknown> | undefined;
  const reading = table.rows(['n'], () => {
    ended ??= client.query(`SELECT pg_terminate_backend(pid) FROM (${others}) AS o`);
  });
  await assert.rejects(
    reading,
    refused(/^--items-query: the database stopped answering: .*; start the command/),
  );
  await ended;
  // What goes wrong with a row is not the database's fault.
  const mistake = new Error('internal: a row');
  await assert.rejects(
    table.rows(['n'], () => {
      throw mistake;
    }),
    mistake,
  );
  for (let tries = 0; (await client.query(others)).rows.length > 0; tries++) assert.ok(tries < 1_000);
});

test('a server that takes connections and says nothing is given up', async (context) => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as { port: number };
  const url = `postgres://me:secret@127.0.0.1:${port}/shop`;
  const began = performance.now();
  await assert.rejects(openQueryTable(url, 'SELECT 1', '--items-query'), (error: Error) => {
    refused(/^The database postgres:\/\/me:\*\*\*@.* cannot be opened: /)(error);
    return !String(error.stack).includes('secret');
  });
  assert.ok(performance.now() - began < 20_000);
});
