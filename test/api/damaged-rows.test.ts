// What readers get when the rows of a version are not those that were published: never a row of it, but the
// last good version, and the reason in GET /readyz, in the log and for those who name the version.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { createApp } from '../../src/api/app.ts';
import { TslrecError } from '../../src/errors.ts';
import type { Database, Query } from '../../src/storage/database.ts';
import { openPglite } from '../../src/storage/pglite.ts';
import { openPostgres } from '../../src/storage/postgres.ts';
import { createStore, openStore, type Store, type Version } from '../../src/storage/store.ts';
import { smallDraft, turnedDraft } from '../support/drafts.ts';
import {
  emptyStoreFolder,
  silentLog,
  temporaryFolder,
  temporaryPostgresDatabase,
  withoutPostgres,
} from '../support/stores.ts';

interface Answer {
  readonly status: number;
  readonly version: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON is answered
  readonly body: any;
}

const READS = ['/embeddings/b', '/items/b/neighbors?k=3', '/categories', '/users/u2/preferences'];
/** Statements that read the vectors of items. */
const READS_ROWS = /embedding::text/;

async function publish(store: Store, draft: typeof smallDraft): Promise<Version> {
  const { runId } = await store.beginRun({ key: `${Math.random()}`, command: 'refresh', options: {} });
  return store.publish(draft(runId));
}

/** A service that has just started, over a database that is open. */
async function serve(context: TestContext, database: Database, folder: string) {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => lines.push(line) });
  const server = createServer(createApp({ store: createStore(database, folder, log), log }));
  context.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return {
      status: response.status,
      version: response.headers.get('x-tslrec-version'),
      body: await response.json(),
    };
  };
  return { ask, lines };
}

/** Reads are answered all the while. */
async function untilServed(ask: (path: string) => Promise<Answer>, version: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    assert.equal((await ask('/embeddings/b')).status, 200);
    if ((await ask('/readyz')).version === version) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`${version} is never served`);
}

const TABLES = ['embeddings', 'item_categories', 'preferences', 'categories', 'versions'];
const UPDATE_MANIFEST = 'UPDATE versions SET manifest = manifest ||';

/** What is done to the rows of version $1, and the reason that is told. */
const DAMAGES: readonly (readonly [name: string, sql: string, reason: RegExp])[] = [
  ...[0, 1, 3].map(
    (row) =>
      [
        `row ${row} is lost`,
        `DELETE FROM embeddings WHERE version = $1 AND row_number = ${row}`,
        /^it has the rows of 3 items, its manifest says 4$/,
      ] as const,
  ),
  [
    'all rows are lost',
    'DELETE FROM embeddings WHERE version = $1',
    /^it has the rows of 0 items, its manifest says 4$/,
  ],
  [
    'a row is added',
    `INSERT INTO embeddings VALUES ($1, 'new', 4, '[1,0]')`,
    /^it has the rows of 5 items, its manifest says 4$/,
  ],
  [
    'a row is lost and another added',
    `UPDATE embeddings SET item_id = 'new', row_number = 4 WHERE version = $1 AND row_number = 1`,
    /^row 1 is missing$/,
  ],
  [
    'a row is numbered below 0',
    'UPDATE embeddings SET row_number = -1 WHERE version = $1 AND row_number = 0',
    /^row 0 is missing$/,
  ],
  [
    'the last row is numbered far behind',
    'UPDATE embeddings SET row_number = 5000 WHERE version = $1 AND row_number = 3',
    /^row 3 is missing$/,
  ],
  [
    'two rows have one number',
    'UPDATE embeddings SET row_number = 1 WHERE version = $1 AND row_number = 2',
    /^row 1 is there twice$/,
  ],
  [
    'two rows have exchanged their numbers',
    'UPDATE embeddings SET row_number = 3 - row_number WHERE version = $1 AND row_number IN (1, 2)',
    /^the content hash of its rows is \w{64}, its manifest says \w{64}$/,
  ],
  [
    'a value is changed',
    `UPDATE embeddings SET embedding = '[0.8,0.60000008]' WHERE version = $1 AND item_id = 'b'`,
    /^the content hash/,
  ],
  [
    'a sign of a zero is changed',
    `UPDATE embeddings SET embedding = '[-1,-0]' WHERE version = $1 AND item_id = 'd'`,
    /^the content hash/,
  ],
  [
    'a vector is longer',
    `UPDATE embeddings SET embedding = '[0.8,0.6,0]' WHERE version = $1 AND item_id = 'b'`,
    /^the embedding of item "b" has 3 values, its manifest says 2$/,
  ],
  [
    'a vector is shorter',
    `UPDATE embeddings SET embedding = '[1]' WHERE version = $1 AND item_id = 'd'`,
    /^the embedding of item "d" has 1 values, its manifest says 2$/,
  ],
  [
    'a vector is zero',
    `UPDATE embeddings SET embedding = '[0,0]' WHERE version = $1 AND item_id = 'a'`,
    /^the embedding of item "a" is zero$/,
  ],
  [
    'an item has another id',
    `UPDATE embeddings SET item_id = 'B' WHERE version = $1 AND item_id = 'b'`,
    /^the category distribution of item "B" is missing$/,
  ],
  [
    'a category is changed',
    `UPDATE item_categories SET category = 1 WHERE version = $1 AND item_id = 'a'`,
    /^the content hash/,
  ],
  [
    'a category is forgotten',
    `UPDATE item_categories SET category = NULL WHERE version = $1 AND item_id = 'a'`,
    /^the content hash/,
  ],
  [
    'a category is no category',
    `UPDATE item_categories SET category = 2000000000 WHERE version = $1 AND item_id = 'a'`,
    /^the content hash/,
  ],
  [
    'the distribution of an item is changed',
    `UPDATE item_categories SET inferred = '[0.5,0.5]' WHERE version = $1 AND item_id = 'a'`,
    /^the content hash/,
  ],
  [
    'the distribution of an item is longer',
    `UPDATE item_categories SET inferred = '[0.5,0.5,0]' WHERE version = $1 AND item_id = 'a'`,
    /^the category distribution of item "a" has 3 values, its manifest says 2$/,
  ],
  [
    'the categories of an item are lost',
    `DELETE FROM item_categories WHERE version = $1 AND item_id = 'a'`,
    /^the category distribution of item "a" is missing$/,
  ],
  [
    'a user is lost',
    `DELETE FROM preferences WHERE version = $1 AND user_id = 'u1'`,
    /^it has the rows of 1 users, its manifest says 2$/,
  ],
  [
    'a user has another id',
    `UPDATE preferences SET user_id = 'u3' WHERE version = $1 AND user_id = 'u1'`,
    /^the content hash/,
  ],
  [
    'two users have exchanged their ids',
    `UPDATE preferences SET prior = CASE user_id WHEN 'u1' THEN '[0,0]' ELSE '[1,0]' END::vector,
       inferred = CASE user_id WHEN 'u1' THEN '[0.25,0.75]' ELSE '[0.5,0.5]' END::vector WHERE version = $1`,
    /^the content hash/,
  ],
  [
    'a history is changed',
    `UPDATE preferences SET prior = '[0,1]' WHERE version = $1 AND user_id = 'u1'`,
    /^the content hash/,
  ],
  [
    'a preference is changed',
    `UPDATE preferences SET inferred = '[0.5,0.50000006]' WHERE version = $1 AND user_id = 'u1'`,
    /^the content hash/,
  ],
  [
    'a preference is shorter',
    `UPDATE preferences SET inferred = '[1]' WHERE version = $1 AND user_id = 'u2'`,
    /^the preference distribution of user "u2" has 1 values, its manifest says 2$/,
  ],
  [
    'the size of a category is changed',
    'UPDATE categories SET items = 3 WHERE version = $1 AND category = 0',
    /^the sizes of its categories are not those of its items$/,
  ],
  [
    'a category is lost',
    'DELETE FROM categories WHERE version = $1 AND category = 1',
    /^it has the rows of 1 categories, its manifest says 2$/,
  ],
  ...(['items', 'users', 'categories'] as const).map(
    (kind) =>
      [
        `the manifest has other ${kind}`,
        `${UPDATE_MANIFEST} '{"${kind}": 5000000000}' WHERE id = $1`,
        new RegExp(`^it has the rows of \\d ${kind}, its manifest says 5000000000$`),
      ] as const,
  ),
  [
    'the manifest has another dimension',
    `${UPDATE_MANIFEST} '{"dimension": 5000000000}' WHERE id = $1`,
    /^the embedding of item "a" has 2 values, its manifest says 5000000000$/,
  ],
  [
    'the manifest has another hash',
    `${UPDATE_MANIFEST} '{"contentHash": "0"}' WHERE id = $1`,
    /^the content hash of its rows is \w{64}, its manifest says 0$/,
  ],
  [
    'the manifest is empty',
    `UPDATE versions SET manifest = '{}' WHERE id = $1`,
    /^it has the rows of 4 items, its manifest says undefined$/,
  ],
  [
    'there is no manifest',
    `UPDATE versions SET manifest = 'null' WHERE id = $1`,
    /^its rows cannot be read, the log says why$/,
  ],
];

/** The database, but the rows of these versions come out changed. */
function damagedIn(database: Database, versions: readonly string[]): Database {
  const query: Query = async (sql, parameters) => {
    const rows = await database.query<Record<string, unknown>>(sql, parameters);
    if (READS_ROWS.test(sql) && versions.includes(String(parameters?.[0])))
      for (const row of rows) row.embedding = '[1,1]';
    return rows as never;
  };
  return { ...database, query };
}

const onPglite = async (context: TestContext) => {
  const folder = await emptyStoreFolder(context);
  return { folder, database: await openPglite(folder) };
};

const onPostgres = async (context: TestContext) => {
  const url = await temporaryPostgresDatabase(context);
  const folder = await temporaryFolder(context);
  await (await openStore(url, { migrate: true, folder, log: silentLog })).close();
  return { folder, database: await openPostgres(url) };
};

for (const [kind, open, skip] of [
  ['PGlite', onPglite, false],
  ['Postgres', onPostgres, withoutPostgres],
] as const) {
  test(`rows of a version on ${kind}`, { skip }, async (context) => {
    const { folder, database } = await open(context);
    context.after(database.close);

    await context.test('a version whose rows are not those that were published', async (context) => {
      const store = createStore(database, folder, silentLog);
      const good = await publish(store, smallDraft);
      const bad = await publish(store, turnedDraft);
      await database.query('DROP INDEX embeddings_by_row'); // one case is what it forbids
      for (const table of TABLES) await database.query(`CREATE TABLE sound_${table} AS TABLE ${table}`);
      const repair = async () => {
        await database.query('DELETE FROM active_version');
        for (const table of TABLES) await database.query(`DELETE FROM ${table}`);
        for (const table of TABLES)
          await database.query(`INSERT INTO ${table} OVERRIDING SYSTEM VALUE TABLE sound_${table}`);
        await database.query('INSERT INTO active_version VALUES (true, $1)', [bad.id]);
      };

      for (const [name, sql, reason] of DAMAGES) {
        await context.test(name, async (context) => {
          await repair();
          await database.query(sql, [bad.id]);

          const { ask, lines } = await serve(context, database, folder);
          for (const path of READS) {
            const { status, version, body } = await ask(path);
            assert.deepEqual([status, version, body.version], [200, good.id, good.id], path);
            const pinned = await ask(`${path}${path.includes('?') ? '&' : '?'}version=${bad.id}`);
            assert.deepEqual([pinned.status, pinned.body.error.code], [503, 'unavailable'], path);
            const told = pinned.body.error.message.replace(`Version ${bad.id} is refused: `, '').slice(0, -1);
            assert.match(told, reason);
          }
          const { status, version, body } = await ask('/readyz');
          assert.deepEqual([status, version, body.version], [200, good.id, good.id]);
          assert.equal(body.refused.version, bad.id);
          assert.match(body.refused.reason, reason);
          const logged = lines.map((line) => JSON.parse(line)).filter((line) => line.version === bad.id);
          assert.deepEqual(
            logged.map(({ reason }) => reason),
            [body.refused.reason],
            'read and told once',
          );
          assert.equal((await ask('/embeddings/b')).body.embedding.length, 2);

          await database.query('UPDATE versions SET activated_at = NULL WHERE id = $1', [good.id]);
          const alone = await serve(context, database, folder);
          for (const path of [...READS, '/readyz']) {
            const { status, body } = await alone.ask(path);
            assert.equal(status, 503, path);
            assert.ok(body.error.message.includes(`ersion ${bad.id} is refused: `), body.error.message);
            assert.ok(body.error.message.includes(logged[0].reason), body.error.message);
          }
          assert.equal((await alone.ask(`/embeddings/b?version=${good.id}`)).status, 200);
        });
      }
    });

    await context.test(
      'the last good version is the one that was active last, not the newest',
      async (context) => {
        const store = createStore(database, folder, silentLog);
        const versions: Version[] = [];
        for (const draft of [smallDraft, turnedDraft, smallDraft, turnedDraft])
          versions.push(await publish(store, draft));
        const [oldest, older, , newest] = versions.map(({ id }) => id);
        await store.activateVersion(oldest);
        await store.activateVersion(older);
        await store.activateVersion(newest);
        const { ask } = await serve(context, damagedIn(database, [newest]), folder);
        assert.equal((await ask('/embeddings/b')).version, older);
        const another = await serve(context, damagedIn(database, [newest, older]), folder);
        assert.equal((await another.ask('/embeddings/b')).version, oldest);
      },
    );

    await context.test(
      'what happens to the rows after a version was loaded reaches no reader',
      async (context) => {
        const { id } = await publish(createStore(database, folder, silentLog), smallDraft);
        const { ask } = await serve(context, database, folder);
        const paths = ['/embeddings/b', '/embeddings/a', '/items/b/neighbors?k=3', '/categories'];
        const before = await Promise.all(paths.map(ask));
        for (const sql of [
          `UPDATE embeddings SET embedding = '[1,2,3]' WHERE item_id = 'a' AND version = $1`,
          `UPDATE embeddings SET row_number = 9 WHERE item_id = 'c/ö?' AND version = $1`,
          `DELETE FROM embeddings WHERE item_id = 'b' AND version = $1`,
          'DELETE FROM categories WHERE version = $1',
        ]) {
          await database.query(sql, [id]);
          assert.deepEqual(await Promise.all(paths.map(ask)), before, sql);
        }
        assert.equal(before[0].version, id);
        assert.equal(before[0].status, 200);
      },
    );

    await context.test(
      'a preference that is changed, exchanged, lost or added after a version was loaded is not served',
      async (context) => {
        const { id } = await publish(createStore(database, folder, silentLog), smallDraft);
        const { ask, lines } = await serve(context, database, folder);
        const of = (user: string) => ask(`/users/${user}/preferences`);
        const before = await of('u1');
        assert.deepEqual([before.status, before.body.inferred], [200, [0.5, 0.5]]);
        await database.query('CREATE TABLE sound AS SELECT * FROM preferences WHERE version = $1', [id]);
        for (const [sql, found] of [
          [`UPDATE preferences SET prior = '[0,1]' WHERE user_id = 'u1'`, 'not those'],
          [`UPDATE preferences SET inferred = '[0.5,0.50000006]' WHERE user_id = 'u1'`, 'not those'],
          [`UPDATE preferences SET inferred = '[0.5]' WHERE user_id = 'u1'`, 'not those'],
          [
            `UPDATE preferences SET prior = '[1,0,0.5]', inferred = '[0.5]' WHERE user_id = 'u1'`,
            'not those',
          ],
          [`UPDATE preferences SET prior = inferred, inferred = prior WHERE user_id = 'u1'`, 'not those'],
          [
            `UPDATE preferences SET prior = '[0,0]', inferred = '[0.25,0.75]' WHERE user_id = 'u1'`,
            'not those',
          ],
          [`DELETE FROM preferences WHERE user_id = 'u1'`, 'lost'],
          [`UPDATE preferences SET user_id = 'u3' WHERE user_id = 'u1'`, 'lost'],
        ]) {
          await database.query(`${sql} AND version = $1`, [id]);
          const { status, body } = await of('u1');
          assert.deepEqual([status, body.error.code], [503, 'unavailable'], sql);
          assert.ok(
            body.error.message.startsWith(`The preferences of user "u1" in version ${id} are ${found}`),
            body.error.message,
          );
          assert.match(body.error.message, /: restore that row in the database, or refresh\.$/);
          assert.equal(JSON.parse(lines.at(-1)!).err.message, body.error.message);
          assert.equal((await of('u2')).status, 200, 'others are served');
          assert.equal((await of('u3')).status, 404, 'nobody published it');
          await database.query('DELETE FROM preferences WHERE version = $1', [id]);
          await database.query('INSERT INTO preferences SELECT * FROM sound');
          assert.deepEqual(await of('u1'), before, 'restored');
        }
        await database.query('DROP TABLE sound');
      },
    );

    await context.test(
      'a refused version is read again after a minute, not before, and comes back when it is repaired',
      async (context) => {
        const store = createStore(database, folder, silentLog);
        const good = await publish(store, smallDraft);
        const bad = await publish(store, turnedDraft);
        let reads = 0;
        const counting: Query = (sql, parameters) => {
          if (READS_ROWS.test(sql) && parameters?.[0] === bad.id) reads++;
          return database.query(sql, parameters);
        };
        const setValue = (value: string) =>
          database.query(
            `UPDATE embeddings SET embedding = $2::vector WHERE version = $1 AND item_id = 'b'`,
            [bad.id, value],
          );
        let lateMs = 0;
        const now = performance.now.bind(performance);
        context.mock.method(performance, 'now', () => now() + lateMs);

        await setValue('[9,9]');
        const { ask } = await serve(context, { ...database, query: counting }, folder);
        const askOften = async () => {
          for (let i = 0; i < 5; i++) {
            assert.equal((await ask('/embeddings/b')).version, good.id);
            assert.equal((await ask(`/embeddings/b?version=${bad.id}`)).status, 503);
            assert.equal((await ask('/readyz')).body.refused.version, bad.id);
          }
        };
        await askOften();
        assert.equal(reads, 1);

        lateMs = 61_000;
        await askOften();
        assert.equal(reads, 2, 'still damaged: read once more');

        await setValue('[0.8,0.6]');
        await askOften();
        lateMs = 122_000;
        await untilServed(ask, bad.id);
        assert.equal(reads, 3);
        assert.equal((await ask('/embeddings/b')).version, bad.id);
        assert.equal((await ask(`/embeddings/b?version=${bad.id}`)).status, 200);
        assert.equal((await ask('/readyz')).body.refused, undefined);
      },
    );

    await context.test(
      'while a version that another process has made active is loaded, the one before is served',
      async (context) => {
        const elsewhere = createStore(database, folder, silentLog);
        const old = await publish(elsewhere, smallDraft);
        const loadable = Promise.withResolvers<void>();
        let next: string | undefined;
        const slow: Query = async (sql, parameters) => {
          if (READS_ROWS.test(sql) && parameters?.[0] === next) await loadable.promise;
          return database.query(sql, parameters);
        };
        const { ask } = await serve(context, { ...database, query: slow }, folder);
        assert.equal((await ask('/embeddings/b')).version, old.id);
        const { runId } = await elsewhere.beginRun({ key: 'next', command: 'refresh', options: {} });
        next = runId;
        await elsewhere.publish(turnedDraft(runId));
        for (const path of [...READS, '/readyz']) {
          const { status, version } = await ask(path);
          assert.deepEqual([status, version], [200, old.id], path);
        }
        loadable.resolve();
        await untilServed(ask, next);
        assert.equal((await ask('/items/b/neighbors?k=1')).body.neighbors[0].itemId, 'd');
      },
    );

    await context.test(
      'a database that does not answer is no reason to refuse a version',
      async (context) => {
        const { id } = await publish(createStore(database, folder, silentLog), smallDraft);
        let isDown = true;
        const query: Query = async (sql, parameters) => {
          if (isDown && READS_ROWS.test(sql))
            throw new TslrecError('unavailable', 'The database does not answer: gone.');
          return database.query(sql, parameters);
        };
        const { ask } = await serve(context, { ...database, query }, folder);
        const { status, body } = await ask('/embeddings/b');
        assert.deepEqual([status, body.error.message], [503, 'The database does not answer: gone.']);
        isDown = false;
        const later = await ask('/embeddings/b');
        assert.deepEqual([later.status, later.version], [200, id]);
      },
    );
  });
}
