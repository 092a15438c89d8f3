// Stores for tests. Making a PGlite database takes seconds, copying one a fraction: a migrated template is
// made once a machine, in the temporary folder, under a name that changes with the migrations. Postgres,
// where TEST_DATABASE_URL names a server, gets a database a test.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { createLog } from '../../src/log.ts';
import { openStore, type Store } from '../../src/storage/store.ts';

export const silentLog = createLog('silent');

export const postgresUrl = process.env.TEST_DATABASE_URL;
export const withoutPostgres = postgresUrl
  ? false
  : 'NOT RUN ON POSTGRES: set TEST_DATABASE_URL to a server with pgvector on which databases may be made';

/** A folder that is removed when the test ends. */
export async function temporaryFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tslrec-test-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with a migrated store in it that holds nothing yet. */
export async function emptyStoreFolder(test: TestContext): Promise<string> {
  const folder = await temporaryFolder(test);
  await cp(await templateFolder(), folder, { recursive: true });
  return folder;
}

/** Closed when the test ends, unless the test did that itself. */
export async function openTestStore(test: TestContext, location: string, folder?: string): Promise<Store> {
  const store = await openStore(location, { folder, log: silentLog });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= store.close();
    return closing;
  };
  test.after(close);
  return { ...store, close };
}

/** A new database on the Postgres server, dropped when the test ends; call before opening anything in it. */
export async function temporaryPostgresDatabase(test: TestContext): Promise<string> {
  const name = `tslrec_test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  test.after(() => onServer(`DROP DATABASE ${name} WITH (FORCE)`));
  const url = new URL(postgresUrl!);
  url.pathname = name;
  return url.href;
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client(postgresUrl);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function templateFolder(): Promise<string> {
  const template = path.join(tmpdir(), `tslrec-template-${migrationsHash()}`);
  if (existsSync(template)) return template;
  const unfinished = await mkdtemp(`${template}-`);
  const store = await openStore(unfinished, { migrate: true, log: silentLog });
  await store.close();
  try {
    await rename(unfinished, template);
  } catch {
    await rm(unfinished, { recursive: true }); // another test file was faster
  }
  return template;
}

function migrationsHash(): string {
  const folder = path.join(import.meta.dirname, '../../migrations');
  const hash = createHash('sha256').update(
    readFileSync(path.join(import.meta.dirname, '../../package.json')),
  );
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(path.join(folder, file)));
  return hash.digest('hex').slice(0, 12);
}
