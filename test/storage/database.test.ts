// The two databases behind the one seam.
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openPglite } from '../../src/storage/pglite.ts';
import { openPostgres } from '../../src/storage/postgres.ts';
import { checkSchema, migrate } from '../../src/storage/schema.ts';
import { openStore } from '../../src/storage/store.ts';
import { testDatabaseContract } from '../support/database-contract.ts';
import { smallDraft } from '../support/drafts.ts';
import {
  emptyStoreFolder,
  openTestStore,
  silentLog,
  temporaryFolder,
  temporaryPostgresDatabase,
  withoutPostgres,
} from '../support/stores.ts';

if (withoutPostgres) console.log(withoutPostgres);

testDatabaseContract('PGlite', async (context) => openPglite(await emptyStoreFolder(context)), {
  all: false,
  lostConnection: 'PGlite is reached through a thread, not a connection',
});

testDatabaseContract('Postgres', async (context) => openPostgres(await temporaryPostgresDatabase(context)), {
  all: withoutPostgres,
  lostConnection: false,
});

test('a Postgres that does not answer is named, without its password', async () => {
  await assert.rejects(openPostgres('postgres://reader:secret@127.0.0.1:1/catalogue'), {
    code: 'unavailable',
    message:
      /^The database postgres:\/\/reader:\*\*\*@127\.0\.0\.1:1\/catalogue cannot .*: .*ECONNREFUSED.*; see /,
  });
});

test('a PGlite folder', async (context) => {
  const folder = await emptyStoreFolder(context);
  const database = await openPglite(folder);
  context.after(database.close);

  await context.test('is synced before a write is acknowledged', async () => {
    assert.deepEqual(await database.query('SHOW fsync'), [{ fsync: 'on' }]);
  });

  await context.test('is opened once', async () => {
    await assert.rejects(openPglite(folder), {
      code: 'conflict',
      message: new RegExp(`by process ${process.pid}\\.`),
    });
  });

  await context.test('with another schema is refused, saying what to do', async () => {
    await checkSchema(database);
    await database.query("DELETE FROM migrations WHERE name = '0004-own-runs'");
    await assert.rejects(checkSchema(database), {
      code: 'conflict',
      message: /older .* `npx tslrec migrate`/,
    });
    await database.query("INSERT INTO migrations (name, run_on) VALUES ('0004-own-runs', now())");
    await database.query("INSERT INTO migrations (name, run_on) VALUES ('9999-later', now())");
    await assert.rejects(checkSchema(database), { code: 'conflict', message: /newer .* update/ });
    await database.query("DELETE FROM migrations WHERE name = '9999-later'");
    assert.deepEqual(await migrate(database), []);
  });

  await context.test('that holds no store is refused and stays as it was', async () => {
    const empty = await temporaryFolder(context);
    await assert.rejects(openStore(empty, { log: silentLog }), {
      code: 'not-found',
      message: /npx tslrec refresh/,
    });
    assert.deepEqual(readdirSync(empty), []);
  });
});

test("what a store keeps in its folder is its owner's, old and new, whatever the umask", async (context) => {
  const folder = await emptyStoreFolder(context);
  const kept = () =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name));
  for (const place of kept()) chmodSync(place, 0o777);
  const umask = process.umask(0);
  context.after(() => process.umask(umask));

  const store = await openTestStore(context, folder);
  const { runId } = await store.beginRun({ key: 'key', command: 'refresh', options: {} });
  await store.publish(smallDraft(runId));
  await store.close();
  const open = kept().filter((place) => (statSync(place).mode & 0o077) !== 0);
  assert.deepEqual(open, []);
  assert.ok(kept().some((place) => place.endsWith('.hnsw')));
});
