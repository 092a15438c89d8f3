// What people's Postgres servers are like: each trouble is one sentence that says what to do, whichever
// command meets it, and nothing of anybody is touched.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { pino } from 'pino';
import { createApp } from '../../src/api/app.ts';
import { openPglite } from '../../src/storage/pglite.ts';
import { openPostgres } from '../../src/storage/postgres.ts';
import { openStore, type StoreOptions } from '../../src/storage/store.ts';
import { tslrec } from '../support/command-line.ts';
import { smallDraft } from '../support/drafts.ts';
import { refused } from '../support/errors.ts';
import { startRefusingServer, startServerWithoutTransactions } from '../support/postgres-server.ts';
import {
  emptyStoreFolder,
  postgresUrl,
  silentLog,
  temporaryFolder,
  temporaryPostgresDatabase,
  withoutPostgres,
} from '../support/stores.ts';

const TABLES = [
  ...['items', 'runs', 'run_stages', 'versions', 'active_version', 'embeddings', 'categories'],
  ...['item_categories', 'preferences', 'migrations'],
];
/** Makes a store what it was before tslrec had a schema of its own. */
const AS_BEFORE_SCHEMAS = `
  ${TABLES.map((table) => `ALTER TABLE tslrec.${table} SET SCHEMA public;`).join('\n')}
  DROP SCHEMA tslrec;
  ALTER TABLE public.runs DROP COLUMN host, DROP COLUMN process_id, DROP COLUMN running_since;
  DELETE FROM public.migrations WHERE name > '0004'`;

const GENERATE_SAMPLE = ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2'];

async function run(url: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const sql of statements) rows = (await client.query(sql)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

/** The URL of another user of that database, with the right to connect and no other. */
async function asUser(context: TestContext, url: string): Promise<string> {
  const user = `tslrec_user_${randomBytes(4).toString('hex')}`;
  await run(url, `CREATE ROLE ${user} LOGIN PASSWORD 'hunter2'`);
  context.after(() => run(postgresUrl!, `DROP ROLE ${user}`)); // after the database, and all rights in it
  const own = new URL(url);
  [own.username, own.password] = [user, 'hunter2'];
  return own.href;
}

test('servers that refuse a connection are told with advice and without the password', async (context) => {
  const refusals: readonly [string, string, RegExp][] = [
    ['28P01', 'password authentication failed for user "reader"', /correct the user and the password/],
    ['08P01', 'password authentication failed', /correct the user and the password/],
    ['28000', 'role "reader" is not permitted to log in', /correct the user and the password/],
    [
      '28000',
      'no pg_hba.conf entry for host "10.0.0.1", user "reader", database "catalogue", no encryption',
      /TLS: add sslmode=verify-full/,
    ],
    ['08P01', 'SSL required', /TLS: add sslmode=verify-full/],
    ['3D000', 'database "catalogue" does not exist', /create the database/],
    ['08P01', 'no such database: catalogue', /create the database/],
    ['53300', 'sorry, too many clients already', /max_connections/],
    ['57P03', 'the database system is starting up', /see that it runs/],
    [
      '08P01',
      'unsupported startup parameter: statement_timeout',
      /set ignore_startup_parameters = statement_timeout in pgbouncer\.ini/,
    ],
    [
      '08P01',
      'unsupported startup parameter in options: search_path',
      /set ignore_startup_parameters = search_path in pgbouncer\.ini/,
    ],
  ];
  await context.test('a pooler without transactions', async (refusing) => {
    const url = await startServerWithoutTransactions(refusing);
    await assert.rejects(openPostgres(url), refused(/set pool_mode = transaction or session/));
  });
  for (const [code, message, expected] of refusals) {
    await context.test(message, async (refusing) => {
      const url = `${await startRefusingServer(refusing, code, message)}?sslpassword=hunter2`;
      const check = (error: unknown) => {
        assert.doesNotMatch(String(error), /hunter2/);
        return refused(expected, 'The database postgres://reader:***@127.0.0.1:')(error);
      };
      await assert.rejects(openPostgres(url), check);
    });
  }
  for (const [parameters, expected] of [
    ['sslmode=verify-full&sslrootcert=/nowhere/authority.pem', /authority\.pem.*correct the path/],
    ['sslmode=verify-full', /no TLS|see that it runs/],
    ['sslnegotiation=maybe', /Invalid sslnegotiation/],
  ] as const) {
    await context.test(parameters, async (wrong) => {
      const url = `${await startRefusingServer(wrong, '28000', 'no')}?${parameters}`;
      await assert.rejects(openPostgres(url), refused(expected, 'The database postgres://reader:***@'));
    });
  }
});

for (const [name, place, skip] of [
  ['PGlite', emptyStoreFolder, false],
  ['Postgres', currentDatabase, withoutPostgres],
] as const) {
  test(`a store on ${name} from before schemas is moved, whole`, { skip }, async (context) => {
    const location = await place(context);
    const options = { log: silentLog, folder: name === 'PGlite' ? location : await temporaryFolder(context) };
    const before = await openStore(location, options);
    const { runId } = await before.beginRun({ key: 'old', command: 'refresh', options: {} });
    await before.publish(smallDraft(runId));
    await before.close();
    const database = await (name === 'PGlite' ? openPglite : openPostgres)(location);
    await database.transaction((query) => query(AS_BEFORE_SCHEMAS));
    await database.close();

    await assert.rejects(openStore(location, options), refused(/older .*run `npx tslrec migrate`/));
    const store = await openStore(location, { ...options, migrate: true });
    assert.equal((await store.activeVersion())?.id, runId);
    assert.deepEqual((await store.embedding('b')).embedding, [0.8, 0.6]);
    assert.equal((await store.neighbours('b', 1)).neighbours[0].itemId, 'a');
    assert.deepEqual(
      (await store.listRuns(5)).map((run) => run.runId),
      [runId],
    );
    const second = await store.beginRun({ key: 'new', command: 'refresh', options: {} });
    assert.equal((await store.publish(smallDraft(second.runId))).sequence, 2);
    await store.close();
    const [{ left }] = await tablesIn(location, 'public');
    assert.equal(left, 0);
  });
}

/** A database on the server that holds an empty store. */
async function currentDatabase(context: TestContext): Promise<string> {
  const url = await temporaryPostgresDatabase(context);
  const folder = await temporaryFolder(context);
  await (await openStore(url, { migrate: true, folder, log: silentLog })).close();
  return url;
}

async function tablesIn(location: string, schema: string): Promise<{ left: number }[]> {
  const database = await (location.startsWith('postgres') ? openPostgres : openPglite)(location);
  return database
    .query<{ left: number }>(`SELECT count(*)::integer AS left FROM pg_tables WHERE schemaname = $1`, [
      schema,
    ])
    .finally(database.close);
}

test('troubles inside a database', { skip: withoutPostgres }, async (context) => {
  interface Trouble {
    /** As the server's administrator. */
    readonly sql: readonly string[];
    /** With a store in it before. */
    readonly current?: true;
    readonly schema?: string;
    readonly asUser?: true;
    /** Of what migrate, and of what serve says; undefined where it works. */
    readonly migrate?: RegExp;
    readonly serve?: RegExp;
  }
  const NO_WRITES =
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', " +
    'current_database()); END $$';
  const SERVE_OLDER = /older than this program, or not there yet: run `npx tslrec migrate`/;
  const troubles: Record<string, Trouble> = {
    'pgvector in a schema of its own': {
      sql: ['CREATE SCHEMA extensions', 'CREATE EXTENSION vector SCHEMA extensions'],
    },
    'a database without the schema public': { sql: ['DROP SCHEMA public CASCADE'] },
    'a schema of another name': { sql: [], schema: 'user' },
    "somebody's tables in public": {
      sql: [
        'CREATE TABLE items (sku integer)',
        'CREATE TABLE migrations (version text)',
        'INSERT INTO items VALUES (7)',
      ],
    },
    "somebody's record of node-pg-migrate in public": {
      sql: [
        'CREATE TABLE migrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT ' +
          'NULL)',
        "INSERT INTO migrations (name, run_on) VALUES ('0001-create-shop', now())",
      ],
    },
    "somebody's table in the schema": {
      sql: ['CREATE SCHEMA tslrec', 'CREATE TABLE tslrec.items (sku integer)'],
      migrate: /has a table items that its own record .* does not know; rename it, or .* TSLREC_SCHEMA/,
      serve: /has a table items/,
    },
    "somebody's migrations in the schema": {
      sql: ['CREATE SCHEMA tslrec', 'CREATE TABLE tslrec.migrations (version text)'],
      migrate: /has a table migrations that is not tslrec's .*; rename it, or .* TSLREC_SCHEMA/,
      serve: /has a table migrations/,
    },
    'a table that is there and not recorded': {
      current: true,
      sql: ["DELETE FROM tslrec.migrations WHERE name = '0003-create-versions'"],
      migrate: /has a table versions that its own record/,
      serve: /has a table versions that its own record/,
    },
    'columns that are there and not recorded': {
      current: true,
      sql: ["DELETE FROM tslrec.migrations WHERE name = '0004-own-runs'"],
      migrate: /does not know \(column "host" of relation "runs" already exists\)/,
      serve: SERVE_OLDER,
    },
    'a table that is recorded and not there': {
      current: true,
      sql: ['DROP TABLE tslrec.preferences'],
      migrate: /has no table preferences, .* restore it from a backup/,
      serve: /has no table preferences, .* restore it from a backup/,
    },
    'a column that is recorded and not there': {
      current: true,
      sql: ['ALTER TABLE tslrec.runs DROP COLUMN host'],
      migrate: /has no column host in runs, .* restore it from a backup, or .* TSLREC_SCHEMA/,
      serve: /has no column host in runs, .* restore it from a backup/,
    },
    'a column of the first tables that is not there': {
      current: true,
      sql: ['ALTER TABLE tslrec.embeddings DROP COLUMN embedding'],
      migrate: /has no column embedding in embeddings, which 0003-create-versions has made/,
      serve: /has no column embedding in embeddings, which 0003-create-versions has made/,
    },
    ...Object.fromEntries(
      ['TYPE public.vector AS (x integer)', 'DOMAIN public.vector AS text', 'TABLE public.vector ()'].map(
        (what): [string, Trouble] => [
          `somebody's ${what} and no pgvector`,
          {
            sql: [`CREATE ${what}`],
            migrate:
              /schema public has a type vector .* not pgvector's and stands in .* way: rename it, or have/,
            serve: SERVE_OLDER,
          },
        ],
      ),
    ),
    "somebody's type vector in the schema, pgvector in another": {
      sql: ['CREATE EXTENSION vector', 'CREATE SCHEMA tslrec', 'CREATE DOMAIN tslrec.vector AS text'],
      migrate: /schema tslrec has a type vector .* and hides it: rename it, or .* TSLREC_SCHEMA/,
      serve: SERVE_OLDER,
    },
    "somebody's type vector in the schema, which came later": {
      current: true,
      sql: ['CREATE TYPE tslrec.vector AS (x integer)'],
      migrate: /schema tslrec has a type vector .* and hides it: rename it, or .* TSLREC_SCHEMA/,
      serve: /schema tslrec has a type vector .* and hides it: rename it, or .* TSLREC_SCHEMA/,
    },
    "somebody's other type of pgvector's name": {
      sql: ['CREATE TYPE public.halfvec AS (x integer)'],
      migrate: /pgvector cannot be made in the schema public \(.*halfvec.*\): rename what is in its way, or/,
      serve: SERVE_OLDER,
    },
    "somebody's type vector, pgvector elsewhere": {
      sql: [
        'CREATE DOMAIN public.vector AS text',
        'CREATE SCHEMA pgvector',
        'CREATE EXTENSION vector SCHEMA pgvector',
      ],
    },
    'a newer schema': {
      current: true,
      sql: ["INSERT INTO tslrec.migrations (name, run_on) VALUES ('9999-later', now())"],
      migrate: /newer than this program: update tslrec\.$/,
      serve: /newer than this program: update tslrec\.$/,
    },
    'a pgvector too old': {
      current: true,
      sql: ["UPDATE pg_extension SET extversion = '0.3.2' WHERE extname = 'vector'"],
      migrate: /pgvector 0\.3\.2, 0\.4 or later is needed/,
      serve: /pgvector 0\.3\.2, 0\.4 or later is needed/,
    },
    'a pgvector too old, and no store yet': {
      sql: [
        'CREATE EXTENSION vector',
        "UPDATE pg_extension SET extversion = '0.3.2' WHERE extname = 'vector'",
      ],
      migrate: /pgvector 0\.3\.2, 0\.4 or later is needed/,
      serve: SERVE_OLDER,
    },
    'no right to make a schema': {
      asUser: true,
      sql: [],
      migrate: /may not make the schema tslrec: have an administrator run CREATE SCHEMA tslrec/,
      serve: SERVE_OLDER,
    },
    'no right to make tables in the schema': {
      asUser: true,
      sql: ['CREATE SCHEMA tslrec', 'GRANT USAGE ON SCHEMA tslrec TO PUBLIC'],
      migrate: /may not make tables in the schema tslrec/,
      serve: SERVE_OLDER,
    },
    'no right to look into the schema': {
      asUser: true,
      current: true,
      sql: [],
      migrate: /may not look into the schema tslrec: .*GRANT USAGE/,
      serve: /may not look into the schema tslrec: .*GRANT USAGE/,
    },
    'a user that may read and no more': {
      asUser: true,
      current: true,
      sql: [
        'GRANT USAGE ON SCHEMA tslrec TO PUBLIC',
        'GRANT SELECT ON ALL TABLES IN SCHEMA tslrec TO PUBLIC',
      ],
    },
    'no right to make the extension': {
      asUser: true,
      sql: ['CREATE SCHEMA tslrec', 'GRANT ALL ON SCHEMA tslrec TO PUBLIC'],
      migrate: /pgvector is not in the database, and this user may not make it: .*CREATE EXTENSION vector/,
      serve: SERVE_OLDER,
    },
    'a server that takes no writes': {
      sql: [NO_WRITES],
      migrate: /takes no writes .*name the primary/,
      serve: SERVE_OLDER,
    },
    'a server that takes no writes, with a store': {
      current: true,
      sql: [NO_WRITES],
    },
  };
  for (const [name, trouble] of Object.entries(troubles)) {
    await context.test(name, async (troubled) => {
      const admin = await (trouble.current ? currentDatabase : temporaryPostgresDatabase)(troubled);
      await run(admin, ...trouble.sql);
      const url = trouble.asUser ? await asUser(troubled, admin) : admin;
      const options: StoreOptions = {
        folder: await temporaryFolder(troubled),
        schema: trouble.schema,
        log: silentLog,
      };
      const meets = async (given: StoreOptions, expected: RegExp | undefined) => {
        const opening = openStore(url, given);
        if (expected) await assert.rejects(opening, refused(expected));
        else await (await opening).close();
      };
      await meets({ ...options, migrate: true }, trouble.migrate);
      await meets(options, trouble.serve);
    });
  }

  await context.test("somebody's tables stay as they were beside a store that works", async (beside) => {
    const url = await temporaryPostgresDatabase(beside);
    await run(url, ...troubles["somebody's tables in public"].sql);
    const folder = await temporaryFolder(beside);
    const store = await openStore(url, { folder, migrate: true, log: silentLog });
    const { runId } = await store.beginRun({ key: 'mine', command: 'refresh', options: {} });
    await store.publish(smallDraft(runId));
    await store.close();
    assert.deepEqual(await run(url, 'SELECT * FROM public.items'), [{ sku: 7 }]);
  });

  await context.test('two schemas of one database hold two stores', async (both) => {
    const url = await temporaryPostgresDatabase(both);
    const folder = await temporaryFolder(both);
    for (const schema of ['red', 'blue']) {
      const store = await openStore(url, { folder, schema, migrate: true, log: silentLog });
      assert.deepEqual(await store.listVersions(), []);
      const { runId } = await store.beginRun({ key: schema, command: 'refresh', options: {} });
      await store.publish(smallDraft(runId));
      await store.close();
    }
  });

  await context.test('a server that takes no writes serves, and refuses a refresh', async (reading) => {
    const url = await currentDatabase(reading);
    const folder = await temporaryFolder(reading);
    const store = await openStore(url, { folder, log: silentLog });
    const { runId } = await store.beginRun({ key: 'before', command: 'refresh', options: {} });
    await store.publish(smallDraft(runId));
    await store.close();
    await run(url, ...troubles['a server that takes no writes'].sql);
    const replica = await openStore(url, { folder, log: silentLog });
    assert.equal((await replica.neighbours('b', 1)).neighbours[0].itemId, 'a');
    await replica.close();

    await tslrec(folder, GENERATE_SAMPLE);
    const { code, stderr } = await tslrec(folder, ['refresh', '--data', 'sample', '--store', url]);
    assert.equal(code, 1);
    assert.match(stderr, /^tslrec: The database takes no writes [^\n]*name the primary\.\n$/);
  });
});

test('whatever the server says of a statement is a sentence', { skip: withoutPostgres }, async (context) => {
  const RAISE = `
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION E'closed for the\nstock-taking'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON tslrec.items EXECUTE FUNCTION public.refuse()`;
  /** Done to a database with a store in it; what publishing then says. */
  const refusals: Record<string, readonly [string, RegExp]> = {
    'a trigger': [
      RAISE,
      /: closed for the \(SQLSTATE P0001\); a trigger, .* correct it, or .* TSLREC_SCHEMA/,
    ],
    'a constraint': [
      "ALTER TABLE tslrec.items ADD CHECK (item_id <> 'b') NOT VALID",
      /violates check constraint .* \(SQLSTATE 23514\); a trigger, rule or constraint /,
    ],
    'a dropped column': [
      'ALTER TABLE tslrec.items DROP COLUMN title',
      /title.* \(SQLSTATE 42703\); tslrec's tables are not as .* restore them/,
    ],
    'a column of another type': [
      'ALTER TABLE tslrec.items DROP COLUMN attributes, ADD COLUMN attributes bytea',
      / \(SQLSTATE 42804\); tslrec's tables are not as .* restore them/,
    ],
    'a sequence at its end': [
      'ALTER TABLE tslrec.versions ALTER sequence SET MAXVALUE 2; ' +
        "SELECT nextval('tslrec.versions_sequence_seq')",
      / \(SQLSTATE 2200H\); a limit /,
    ],
    'a code that nobody knows': [
      RAISE.replace("taking'", "taking' USING ERRCODE = 'ZZ999'"),
      /: closed for the \(SQLSTATE ZZ999\); read the server's log/,
    ],
  };
  for (const [name, [sql, expected]] of Object.entries(refusals)) {
    await context.test(name, async (refusing) => {
      const url = await currentDatabase(refusing);
      const folder = await temporaryFolder(refusing);
      const store = await openStore(url, { folder, log: silentLog });
      refusing.after(store.close);
      const publishNext = async (key: string) => {
        const { runId } = await store.beginRun({ key, command: 'refresh', options: {} });
        await store.publish(smallDraft(runId));
      };
      await publishNext('before');
      await run(url, sql);
      await assert.rejects(publishNext('then'), refused(expected, 'The database refuses a statement: '));
    });
  }

  await context.test('a database of another encoding', async (latin) => {
    const url = new URL(await temporaryPostgresDatabase(latin));
    const name = url.pathname.slice(1);
    await run(
      postgresUrl!,
      `DROP DATABASE ${name}`,
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    const folder = await temporaryFolder(latin);
    const store = await openStore(url.href, { folder, migrate: true, log: silentLog });
    latin.after(store.close);
    const begun = store.beginRun({ key: '茶', command: 'refresh', options: {} });
    await assert.rejects(begun, refused(/LATIN1.* \(SQLSTATE 22P05\); .* ENCODING 'UTF8'/));
  });

  await context.test('a lock that others hold, in every command', async (locked) => {
    const url = await currentDatabase(locked);
    const folder = await temporaryFolder(locked);
    await tslrec(folder, GENERATE_SAMPLE);
    const other = new pg.Client(url);
    other.on('error', () => {}); // the database is dropped first
    await other.connect();
    locked.after(() => other.end());
    await other.query(`BEGIN; LOCK TABLE tslrec.migrations`);
    const impatient = `${url}?options=-c%20lock_timeout%3D100`;
    for (const command of ['migrate', 'serve', 'refresh --data sample']) {
      const parameters = [...command.split(' '), '--store', impatient];
      const { code, stderr } = await tslrec(folder, parameters);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^tslrec: The database refuses a statement: [^\n]*lock timeout \(SQLSTATE 55P03\); another.*\.\n$/,
      );
    }
  });

  await context.test('a table that is dropped under a server', async (dropped) => {
    const url = await currentDatabase(dropped);
    const store = await openStore(url, { folder: await temporaryFolder(dropped), log: silentLog });
    dropped.after(store.close);
    await run(url, 'DROP TABLE tslrec.active_version');
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line) => lines.push(line) });
    const server = createServer(createApp({ store, log })).listen(0, '127.0.0.1');
    dropped.after(() => server.close());
    await once(server, 'listening');
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    assert.deepEqual([answer.status, error.code], [503, 'database-refuses']);
    assert.match(error.message, /^The database refuses a statement: .* \(SQLSTATE 42P01\); .* restore them/);
    assert.equal(lines.length, 1);
  });

  await context.test('a mistake of our own', async (mistaken) => {
    const database = await openPostgres(await currentDatabase(mistaken));
    mistaken.after(database.close);
    const said = refused(/ \(SQLSTATE 42601\); this is a fault of tslrec \(internal\): report it /);
    await assert.rejects(database.query('SELEC 1'), said);
    await assert.rejects(
      database.transaction((query) => query('SELEC 1')),
      said,
    );
  });
});
