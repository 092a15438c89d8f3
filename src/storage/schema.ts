// The schema is the numbered SQL files in migrations/. Changing it is explicit (`migrate`); serving only
// checks it. node-pg-migrate keeps the account of what has run; it works through the seam, inside one of its
// transactions.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { ClientBase } from 'pg';
import { TslrecError } from '../errors.ts';
import type { Database, Query } from './database.ts';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
const MIGRATIONS_TABLE = 'migrations';

/** Applies the migrations that have not run yet, all or none; answers their names. */
export async function migrate(database: Database): Promise<string[]> {
  const applied = await database.transaction((query) =>
    runner({
      dbClient: migrationClient(query),
      dir: MIGRATIONS_FOLDER,
      direction: 'up',
      migrationsTable: MIGRATIONS_TABLE,
      singleTransaction: true,
      advisoryLockMode: 'wait',
      log: () => {},
    }),
  );
  return applied.map(({ name }) => name);
}

/** Refuses a database whose schema is not this program's, and says what to do. */
export async function checkSchema(database: Database): Promise<void> {
  const known = readdirSync(MIGRATIONS_FOLDER).map((file) => file.replace(/\.sql$/, ''));
  const applied = new Set(await appliedMigrations(database));
  if (known.some((name) => !applied.has(name))) {
    throw new TslrecError(
      'conflict',
      'The database schema is older than this program: run `npx tslrec migrate`.',
    );
  }
  if (applied.size > known.length) {
    throw new TslrecError('conflict', 'The database schema is newer than this program: update tslrec.');
  }
}

async function appliedMigrations(database: Database): Promise<string[]> {
  const [table] = await database.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    MIGRATIONS_TABLE,
  ]);
  if (!table.exists) return [];
  const rows = await database.query<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
  return rows.map(({ name }) => name);
}

/**
 * What node-pg-migrate asks of a pg client. Its own BEGIN and COMMIT are dropped: the seam has begun already.
 */
function migrationClient(query: Query): ClientBase {
  const client = {
    query: async (statement: string | { text: string; values?: [] }, values?: []) => {
      const { text, values: parameters } =
        typeof statement === 'string' ? { text: statement, values } : statement;
      if (/^(BEGIN|COMMIT|ROLLBACK)$/.test(text)) return { rows: [] };
      return { rows: await query(text, parameters) };
    },
  };
  return client as unknown as ClientBase;
}
