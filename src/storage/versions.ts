// Versions: the immutable published sets, and the one row that says which of them readers get.
import { TslrecError } from '../errors.ts';
import type { Database, Query } from './database.ts';
import { isStorableId, shownId } from './ids.ts';
import type { IndexFile } from './index-file.ts';
import type { ListedFiles } from './listed-files.ts';

/** What a version consists of and comes from. */
export interface Manifest {
  readonly items: number;
  readonly users: number;
  readonly dimension: number;
  readonly categories: number;
  /**
   * sha256 over ids, embeddings, categories and preferences: equal content, equal hash, whatever the
   * version's id.
   */
  readonly contentHash: string;
  /** The nearest-neighbour index, `<folder>/indexes/<version>.hnsw`. */
  readonly index: IndexFile;
  /** What is in `<folder>/encoders/<version>/`; absent where the version was published without one. */
  readonly encoder?: { readonly files: ListedFiles };
  /** ISO 8601. */
  readonly createdAt: string;
  /** Where it comes from: hashes of data and models, seeds, prompts, adaptation. */
  readonly lineage: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

export interface Version {
  /** The id of the run that published it. */
  readonly id: string;
  /** Grows with every publication. */
  readonly sequence: number;
  readonly createdAt: Date;
  /** When it last became the active one. */
  readonly activatedAt: Date | null;
  readonly active: boolean;
  readonly manifest: Manifest;
}

export interface Versions {
  /** Newest first. */
  listVersions(): Promise<Version[]>;
  activeVersion(): Promise<Version | undefined>;
  /** The one named, or the active one. */
  version(id: string | undefined): Promise<Version>;
  /** Makes a version the one readers get; also the rollback. */
  activateVersion(id: string): Promise<Version>;
}

export function createVersions(database: Database): Versions {
  return {
    listVersions: () => selectVersions(database.query),
    activeVersion: () => selectActiveVersion(database.query),
    version: (id) => requireVersion(database.query, id),
    activateVersion: (id) =>
      database.transaction(async (query) => {
        await requireVersion(query, id);
        await moveActiveVersion(query, id);
        return requireVersion(query, id);
      }),
  };
}

/** The version named, or the active one when none is. */
export async function requireVersion(query: Query, id: string | undefined): Promise<Version> {
  if (id === undefined) {
    const active = await selectActiveVersion(query);
    if (!active)
      throw new TslrecError('no-version', 'Nothing has been published yet: run `npx tslrec refresh`.');
    return active;
  }
  const version = await selectVersion(query, id);
  if (!version) throw new TslrecError('unknown-version', `There is no version ${shownId(id)}.`);
  return version;
}

const VERSION_ROWS = `
  SELECT versions.id, sequence, created_at AS "createdAt", activated_at AS "activatedAt",
    active_version.version IS NOT NULL AS active, manifest
  FROM versions LEFT JOIN active_version ON active_version.version = versions.id`;

export async function selectVersion(query: Query, id: string): Promise<Version | undefined> {
  if (!isStorableId(id)) return undefined;
  const rows = await query<Version>(`${VERSION_ROWS} WHERE versions.id = $1`, [id]);
  return rows[0];
}

/** Those that were active once, the last one first. */
export function selectVersionsOnceActive(query: Query): Promise<Version[]> {
  return query(
    `${VERSION_ROWS} WHERE activated_at IS NOT NULL AND active_version.version IS NULL
     ORDER BY activated_at DESC, sequence DESC`,
  );
}

export async function selectActiveVersion(query: Query): Promise<Version | undefined> {
  const rows = await query<Version>(`${VERSION_ROWS} WHERE active_version.version IS NOT NULL`);
  return rows[0];
}

function selectVersions(query: Query): Promise<Version[]> {
  return query(`${VERSION_ROWS} ORDER BY sequence DESC`);
}

export async function insertVersion(query: Query, id: string, manifest: Manifest): Promise<void> {
  await query('INSERT INTO versions (id, created_at, manifest) VALUES ($1, $2::timestamptz, $3::jsonb)', [
    id,
    manifest.createdAt,
    JSON.stringify(manifest),
  ]);
}

export async function moveActiveVersion(query: Query, id: string): Promise<void> {
  await query(
    `INSERT INTO active_version (version) VALUES ($1)
     ON CONFLICT (only_row) DO UPDATE SET version = excluded.version`,
    [id],
  );
  await query('UPDATE versions SET activated_at = now() WHERE id = $1', [id]);
}
