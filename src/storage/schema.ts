// The schema is the numbered SQL files in migrations/, in a Postgres schema of tslrec's own. Changing it is
// explicit (`migrate`); serving only checks it. node-pg-migrate keeps the account of what has run; it works
// through the seam, inside one of its transactions.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { ClientBase } from 'pg';
import { TslrecError } from '../errors.ts';
import type { Database, Query } from './database.ts';
import { readOnly, saidOf, sqlState } from './postgres-errors.ts';
import { quoted } from './search-path.ts';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
const MIGRATIONS_TABLE = 'migrations';
/** What stores had before tslrec had a schema of its own; their tables lie in `public`, or in the user's. */
const BEFORE_SCHEMAS: readonly string[] = ['0001-create-items', '0002-create-runs', '0003-create-versions'];
/** From this version on vectors are written as the shortest text that gives the same numbers. */
const OLDEST_PGVECTOR = [0, 4];
const NOT_PERMITTED = '42501';
const ALREADY_THERE = /^42(P07|P06|701|710|723)$/;

interface Migration {
  readonly name: string;
  readonly tables: readonly string[];
  /** `table.column` of each that it makes. */
  readonly columns: readonly string[];
}

/** What a Postgres schema holds. */
interface Content {
  /** Whether this user may look into it; true where it is not there. */
  readonly usable: boolean;
  readonly tables: ReadonlySet<string>;
  /** `table.column` of all. */
  readonly columns: ReadonlySet<string>;
  /** The names of the migrations that have run; undefined where no table of ours says so. */
  readonly recorded: readonly string[] | undefined;
}

/** Applies the migrations that have not run yet, all or none; answers their names. */
export async function migrate(database: Database): Promise<string[]> {
  const { schema } = database;
  const found = await readContent(database.query, schema);
  checkContent(found, schema);
  if (isCurrent(found)) return []; // nothing is written, so that a server that takes no writes will do
  return database.transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`tslrec migrate ${schema}`]);
    await prepareSchema(query, schema);
    await moveOldStore(query, schema);
    const content = await readContent(query, schema);
    checkContent(content, schema);
    if (isCurrent(content)) return []; // another process was faster
    await preparePgvector(query, schema);
    return runMigrations(query, schema);
  });
}

/** Refuses a database whose schema is not this program's, and says what to do. */
export async function checkSchema({ query, schema }: Database): Promise<void> {
  const content = await readContent(query, schema);
  checkContent(content, schema);
  if (!isCurrent(content)) {
    throw new TslrecError(
      'conflict',
      `The database schema ${schema} is older than this program, or not there yet: run \`npx tslrec ` +
        'migrate`.',
    );
  }
  checkPgvector(await selectPgvector(query), schema);
}

function knownMigrations(): Migration[] {
  return readdirSync(MIGRATIONS_FOLDER).map((file) => {
    const sql = readFileSync(path.join(MIGRATIONS_FOLDER, file), 'utf8');
    return {
      name: file.replace(/\.sql$/, ''),
      tables: [...sql.matchAll(/^CREATE TABLE (\w+)/gm)].map(([, table]) => table),
      columns: [...createdColumns(sql), ...addedColumns(sql)],
    };
  });
}

/** Each on a line of its own; what begins with capitals is a constraint. */
const createdColumns = (sql: string): string[] =>
  [...sql.matchAll(/^CREATE TABLE (\w+) \($([^;]*)^\);/gm)].flatMap(([, table, lines]) =>
    [...lines.matchAll(/^ {2}([a-z_]+) /gm)].map(([, column]) => `${table}.${column}`),
  );

const addedColumns = (sql: string): string[] =>
  [...sql.matchAll(/^ALTER TABLE (\w+) ADD COLUMN (\w+)/gm)].map(([, table, column]) => `${table}.${column}`);

const isCurrent = ({ recorded = [] }: Content): boolean =>
  knownMigrations().every(({ name }) => recorded.includes(name));

async function readContent(query: Query, schema: string): Promise<Content> {
  const [{ usable } = { usable: true }] = await query<{ usable: boolean }>(
    `SELECT has_schema_privilege(oid, 'USAGE') AS usable FROM pg_namespace WHERE nspname = $1`,
    [schema],
  );
  const tables = await query<{ name: string; readable: boolean; columns: string | null }>(
    `SELECT relname AS name, has_table_privilege(pg_class.oid, 'SELECT') AS readable,
       (SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
        WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped) AS columns
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [schema],
  );
  const record = tables.find(({ name }) => name === MIGRATIONS_TABLE);
  const isOurs = usable && record?.readable && record.columns === 'id name run_on';
  const rows = isOurs
    ? await query<{ name: string }>(`SELECT name FROM ${quoted(schema)}.${MIGRATIONS_TABLE} ORDER BY id`)
    : undefined;
  return {
    usable,
    tables: new Set(tables.map(({ name }) => name)),
    columns: new Set(
      tables.flatMap(({ name, columns }) => columns?.split(' ').map((column) => `${name}.${column}`) ?? []),
    ),
    recorded: rows?.map(({ name }) => name),
  };
}

/** Refuses what this program did not leave so: a later program's schema, somebody else's, a damaged one. */
function checkContent({ usable, tables, columns, recorded }: Content, schema: string): void {
  if (!usable) throw notPermitted(`look into the schema ${schema}`, `GRANT USAGE ON SCHEMA ${schema}`);
  if (!recorded && tables.has(MIGRATIONS_TABLE)) {
    throw inTheWay(
      schema,
      `has a table ${MIGRATIONS_TABLE} that is not tslrec's or may not be read; rename it`,
    );
  }
  const known = knownMigrations();
  const names = known.map(({ name }) => name);
  if (recorded?.some((name) => !names.includes(name))) {
    throw new TslrecError(
      'conflict',
      `The database schema ${schema} is newer than this program: update tslrec.`,
    );
  }
  for (const { name, tables: own, columns: ownColumns } of known) {
    const hasRun = recorded?.includes(name) ?? false;
    for (const table of own) {
      if (hasRun === tables.has(table)) continue;
      const found = hasRun
        ? `has no table ${table}, which ${name} has made by its own record; restore it from a backup`
        : `has a table ${table} that its own record of migrations does not know; rename it`;
      throw inTheWay(schema, found);
    }
    const missing = hasRun && ownColumns.find((column) => !columns.has(column));
    if (missing) {
      const [table, column] = missing.split('.');
      throw inTheWay(
        schema,
        `has no column ${column} in ${table}, which ${name} has made by its own record; restore it from a ` +
          'backup',
      );
    }
  }
}

const inTheWay = (schema: string, found: string): TslrecError =>
  new TslrecError(
    'conflict',
    `The database schema ${schema} ${found}, or name another schema with TSLREC_SCHEMA.`,
  );

const notPermitted = (what: string, grant: string): TslrecError =>
  new TslrecError(
    'conflict',
    `The database user may not ${what}: have an administrator run ${grant} for it, or set TSLREC_SCHEMA.`,
  );

/** Makes the schema, or sees that tables can be made in it. */
async function prepareSchema(query: Query, schema: string): Promise<void> {
  const [may] = await query<{ readOnly: boolean; create: boolean; make: boolean | null }>(
    `SELECT current_setting('transaction_read_only') = 'on' AS "readOnly",
       has_database_privilege(current_database(), 'CREATE') AS create,
       (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1) AS make`,
    [schema],
  );
  if (may.readOnly) throw readOnly();
  if (may.make === false)
    throw notPermitted(`make tables in the schema ${schema}`, `GRANT CREATE ON SCHEMA ${schema}`);
  if (may.make === true) return;
  if (!may.create) throw notPermitted(`make the schema ${schema}`, `CREATE SCHEMA ${schema} AUTHORIZATION`);
  await query(`CREATE SCHEMA ${quoted(schema)}`);
}

/** Moves tables and record of a store older than tslrec's own schema; somebody else's stay where they are. */
async function moveOldStore(query: Query, schema: string): Promise<void> {
  if ((await readContent(query, schema)).recorded) return;
  const [{ user }] = await query<{ user: string }>('SELECT current_user AS user');
  for (const from of new Set([user, 'public'])) {
    const content = from === schema ? undefined : await readContent(query, from);
    if (!content?.recorded?.includes(BEFORE_SCHEMAS[0])) continue;
    if (content.recorded.some((name) => !BEFORE_SCHEMAS.includes(name))) continue;
    checkContent(content, from);
    const moved = knownMigrations().filter(({ name }) => content.recorded?.includes(name));
    for (const table of [...moved.flatMap(({ tables }) => tables), MIGRATIONS_TABLE])
      await query(`ALTER TABLE ${quoted(from)}.${table} SET SCHEMA ${quoted(schema)}`);
    return;
  }
}

async function preparePgvector(query: Query, schema: string): Promise<void> {
  const found = await selectPgvector(query);
  if (found.version === null && !found.available) throw noPgvector('is not installed on the database server');
  checkVectorType(found, schema);
  if (found.version === null) {
    // Not in a schema of ours where there is another: other schemas' columns would depend on it.
    const place = found.hasPublic ? 'public' : schema;
    await query(`CREATE EXTENSION vector SCHEMA ${quoted(place)}`).catch((error) => {
      throw notMade(place, error);
    });
  }
  checkPgvector(await selectPgvector(query), schema);
}

function notMade(place: string, error: unknown): unknown {
  const state = sqlState(error) ?? '';
  if (state === NOT_PERMITTED)
    return noPgvector('is not in the database, and this user may not make it', error);
  if (!ALREADY_THERE.test(state)) return error;
  return new TslrecError(
    'conflict',
    `pgvector cannot be made in the schema ${place} (${saidOf(error)}): rename what is in its way, or ` +
      `${ELSEWHERE}.`,
    { cause: error },
  );
}

interface Pgvector {
  readonly version: string | null;
  readonly available: boolean;
  readonly hasPublic: boolean;
  /** The schema of what is called `vector` and is not pgvector's, where statements would find it first. */
  readonly othersIn: string | null;
}

async function selectPgvector(query: Query): Promise<Pgvector> {
  const [found] = await query<Pgvector>(
    `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS version,
       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') AS available,
       EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public') AS "hasPublic",
       (SELECT nspname FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
        WHERE pg_type.oid = to_regtype('vector') AND NOT EXISTS (
          SELECT FROM pg_depend JOIN pg_extension ON pg_extension.oid = refobjid
          WHERE classid = 'pg_type'::regclass AND objid = pg_type.oid AND extname = 'vector'
        )) AS "othersIn"`,
  );
  return found;
}

function checkVectorType({ version, othersIn }: Pgvector, schema: string): void {
  if (othersIn === null) return;
  const otherwise = othersIn === schema ? 'name another schema with TSLREC_SCHEMA' : ELSEWHERE;
  throw new TslrecError(
    'conflict',
    `The schema ${othersIn} has a type vector (or a table of that name) that is not pgvector's and ` +
      `${version === null ? "stands in pgvector's way" : 'hides it'}: rename it, or ${otherwise}.`,
  );
}

function checkPgvector(found: Pgvector, schema: string): void {
  checkVectorType(found, schema);
  const { version } = found;
  if (version === null) throw noPgvector('is not in the database');
  const [major, minor] = version.split('.').map(Number);
  if (major > OLDEST_PGVECTOR[0] || minor >= OLDEST_PGVECTOR[1]) return;
  throw new TslrecError(
    'conflict',
    `The database has pgvector ${version}, ${OLDEST_PGVECTOR.join('.')} or later is needed: install it, ` +
      'then have an administrator run ALTER EXTENSION vector UPDATE in this database.',
  );
}

const ELSEWHERE =
  'have an administrator put pgvector into a schema of its own (CREATE SCHEMA pgvector; CREATE EXTENSION ' +
  'vector SCHEMA pgvector)';

const noPgvector = (found: string, cause?: unknown): TslrecError =>
  new TslrecError(
    'conflict',
    `pgvector ${found}: have an administrator install it and run CREATE EXTENSION vector in this database.`,
    { cause },
  );

async function runMigrations(query: Query, schema: string): Promise<string[]> {
  try {
    const applied = await runner({
      dbClient: migrationClient(query),
      dir: MIGRATIONS_FOLDER,
      direction: 'up',
      migrationsSchema: schema,
      migrationsTable: MIGRATIONS_TABLE,
      singleTransaction: true,
      noLock: true,
      log: () => {},
    });
    return applied.map(({ name }) => name);
  } catch (error) {
    if (!ALREADY_THERE.test(sqlState(error) ?? '')) throw error;
    throw inTheWay(schema, `has what its own record of migrations does not know (${saidOf(error)})`);
  }
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
