// The store: what is known about runs, versions, items and users, in a database and a folder beside it. This
// file opens it and puts its parts together; each part answers one question in a file of its own.
import path from 'node:path';
import { TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Database } from './database.ts';
import type { VersionDraft } from './draft.ts';
import { createLoadedVersions } from './loaded-versions.ts';
import { checkLocation, isPostgres } from './location.ts';
import type { Purpose } from './lock.ts';
import { hasPgliteDatabase, openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';
import { type Failpoint, type FolderPublication, publish, publishFolder } from './publish.ts';
import { createReads, type Reads } from './reads.ts';
import { withRunFiles } from './run-files.ts';
import { createRuns, type Runs } from './runs.ts';
import { checkSchema, migrate } from './schema.ts';
import { createServing, type Readiness } from './serving.ts';
import { keepStoreFolderPrivate } from './store-folder.ts';
import { writeVersionFolder } from './version-folder.ts';
import { createVersions, requireVersion, type Version, type Versions } from './versions.ts';
import { readWholeVersion } from './whole-version.ts';

export type { Category } from './category-sizes.ts';
export type { VersionDraft } from './draft.ts';
export type { IndexFile } from './index-file.ts';
export type { Neighbour, Refusal } from './loaded-versions.ts';
export type { Failpoint, FolderPublication } from './publish.ts';
export type {
  CategoryList,
  FromVersion,
  ItemEmbedding,
  ItemNeighbours,
  UserPreferences,
} from './reads.ts';
export type { FinishedStage, Run, RunningRun, RunRecord, RunRequest } from './runs.ts';
export type { Readiness } from './serving.ts';
export type { EmbeddingMatrix } from './version-rows.ts';
export type { Manifest, Version } from './versions.ts';

export interface StoreOptions {
  /** Where files go when `location` is a Postgres URL; a folder store keeps them in itself. */
  readonly folder?: string;
  /** The Postgres schema that holds the tables. */
  readonly schema?: string;
  /** Creates or updates the schema; without it a store whose schema is not current is refused. */
  readonly migrate?: boolean;
  /** What others are told who find the folder in use. */
  readonly purpose?: Purpose;
  readonly log: Log;
}

export interface Store extends Runs, Versions, Reads {
  readonly folder: string;
  /**
   * Checks the draft, publishes it and makes it active. The failpoint is for tests that kill the process
   * there.
   */
  publish(draft: VersionDraft, failpoint?: (name: Failpoint) => void): Promise<Version>;
  /**
   * The same of a version folder, with the run that made it; a version that is there already is left as it
   * is.
   */
  publishFolder(versionFolder: string, failpoint?: (name: Failpoint) => void): Promise<FolderPublication>;
  /** Writes a version folder of the version named, or of the active one. */
  exportVersion(versionFolder: string, version?: string): Promise<Version>;
  /** Whether reads can be answered now; starts loading the active version when it is not in memory. */
  readiness(): Promise<Readiness>;
  close(): Promise<void>;
}

/** Opens the store in a folder (PGlite, this process only) or behind a `postgres://` URL (shared). */
export async function openStore(location: string, options: StoreOptions): Promise<Store> {
  checkLocation(location);
  const inPostgres = isPostgres(location);
  const folder = path.resolve(inPostgres ? (options.folder ?? '.tslrec') : location);
  keepStoreFolderPrivate(folder);
  const database = inPostgres
    ? await openPostgres(location, options.schema)
    : await openFolder(folder, options);
  try {
    if (options.migrate) await migrate(database);
    await checkSchema(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return createStore(database, folder, options.log);
}

async function openFolder(folder: string, options: StoreOptions): Promise<Database> {
  if (!options.migrate && !hasPgliteDatabase(folder)) {
    throw new TslrecError(
      'not-found',
      `There is no store in ${folder}: run \`npx tslrec refresh\` to make one.`,
    );
  }
  return openPglite(folder, options.schema, options.purpose);
}

/** The store over a database that is open, and whose schema is current. */
export function createStore(database: Database, folder: string, log: Log): Store {
  const versions = createVersions(database);
  const runs = createRuns(database);
  const loaded = createLoadedVersions(folder, database.query, log);
  const serving = createServing(database.query, loaded, log);
  return {
    folder,
    publish: (draft, failpoint = () => {}) =>
      publish(database, folder, draft, failpoint).finally(serving.activeMoved),
    publishFolder: (versionFolder, failpoint = () => {}) =>
      publishFolder(database, folder, versionFolder, failpoint).finally(serving.activeMoved),
    exportVersion: async (versionFolder, id) => {
      const version = await requireVersion(database.query, id);
      await writeVersionFolder(versionFolder, await readWholeVersion(database.query, folder, version));
      return version;
    },
    readiness: serving.readiness,
    close: () => database.close(),
    ...runs,
    listRuns: (limit) => withRunFiles(folder, runs.listRuns(limit), limit),
    ...versions,
    activateVersion: (id) => versions.activateVersion(id).finally(serving.activeMoved),
    ...createReads(database.query, serving, log),
  };
}
