// The versions in memory: each loaded when first asked for, its rows checked, the least recently used
// dropped. A version whose rows are not those that were published is refused, and read again after a while
// only.
import type { HierarchicalNSW } from 'hnswlib-node';
import { TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Category } from './category-sizes.ts';
import type { Query } from './database.ts';
import { indexFileOf, readIndexFile, writeIndexFile } from './index-file.ts';
import { nearestRows } from './nearest.ts';
import type { RowDigests } from './row-digests.ts';
import { rowOf, shortestDecimals } from './vectors.ts';
import { type EmbeddingMatrix, readVersionRows, type VersionRows } from './version-rows.ts';
import type { Version } from './versions.ts';

const VERSIONS_IN_MEMORY = 3;
const CHECK_AGAIN_AFTER_MS = 60_000;

export interface Neighbour {
  readonly itemId: string;
  /** Cosine, in [-1, 1]. */
  readonly similarity: number;
}

/** A version whose rows were found right, and what is answered from memory. */
export interface LoadedVersion {
  readonly version: Version;
  readonly categories: readonly Category[];
  /** What tells the preferences that were checked from others. */
  readonly users: RowDigests;
  embedding(itemId: string): readonly number[] | undefined;
  /** A copy. */
  embeddings(): EmbeddingMatrix;
  /** The k items nearest to one, itself left out, by falling similarity, equally near ones in row order. */
  neighbours(itemId: string, k: number): Neighbour[] | undefined;
}

export interface Refusal {
  readonly version: string;
  /** What was found. */
  readonly reason: string;
}

export interface LoadedVersions {
  /** Rejects with 'unavailable' where the version is refused. */
  get(version: Version): Promise<LoadedVersion>;
  refusal(id: string): Refusal | undefined;
  /** Whether it was refused so long ago that `get` checks it again. */
  isDue(id: string): boolean;
}

export function createLoadedVersions(folder: string, query: Query, log: Log): LoadedVersions {
  const cache = new Map<string, Promise<LoadedVersion>>();
  const refusals = new Map<string, { readonly refusal: Refusal; readonly dueAtMs: number }>();
  const isDue = (id: string) => performance.now() >= (refusals.get(id)?.dueAtMs ?? 0);

  const load = async (version: Version): Promise<LoadedVersion> => {
    try {
      const loaded = await loadVersion(folder, query, log, version);
      refusals.delete(version.id);
      return loaded;
    } catch (error) {
      cache.delete(version.id);
      const known = error instanceof TslrecError ? error : undefined;
      if (known?.code === 'unavailable') throw error; // the database, not the version
      const reason = known?.message.replace(/\.$/, '') ?? 'its rows cannot be read, the log says why';
      log.error({ version: version.id, reason, err: error }, 'the version is refused');
      refusals.set(version.id, {
        refusal: { version: version.id, reason },
        dueAtMs: performance.now() + CHECK_AGAIN_AFTER_MS,
      });
      throw refused(version.id, reason);
    }
  };
  const cached = (version: Version) => {
    const loading = cache.get(version.id) ?? load(version);
    cache.delete(version.id);
    cache.set(version.id, loading);
    if (cache.size > VERSIONS_IN_MEMORY) cache.delete(cache.keys().next().value!);
    return loading;
  };
  return {
    get: async (version) => {
      const { refusal } = refusals.get(version.id) ?? {};
      if (!refusal) return cached(version);
      // Nobody waits for a check that is likely to fail again.
      if (isDue(version.id)) cached(version).catch(() => {});
      throw refused(version.id, refusal.reason);
    },
    refusal: (id) => refusals.get(id)?.refusal,
    isDue,
  };
}

const refused = (version: string, reason: string) =>
  new TslrecError('unavailable', `Version ${version} is refused: ${reason}.`);

async function loadVersion(folder: string, query: Query, log: Log, version: Version): Promise<LoadedVersion> {
  const rows = await readVersionRows(query, version);
  const { itemIds, dimension, values, categories, users } = rows;
  const rowOfItem = new Map(itemIds.map((itemId, row) => [itemId, row]));
  const nearest = nearestRows(values, dimension, await readOrRebuildIndex(folder, log, version, rows));
  return {
    version,
    categories,
    users,
    embedding: (itemId) => {
      const row = rowOfItem.get(itemId);
      return row === undefined ? undefined : shortestDecimals(rowOf(values, row, dimension));
    },
    embeddings: () => ({ itemIds, dimension, values: values.slice() }),
    neighbours: (itemId, k) => {
      const row = rowOfItem.get(itemId);
      if (row === undefined) return undefined;
      return nearest(row, k).map((near) => ({ itemId: itemIds[near.row], similarity: near.similarity }));
    },
  };
}

/**
 * Nothing where no file can be written or none helps: neighbours are then found slowly, all items compared.
 */
async function readOrRebuildIndex(
  folder: string,
  log: Log,
  { id, manifest }: Version,
  { values, dimension }: VersionRows,
): Promise<HierarchicalNSW | undefined> {
  try {
    const file = indexFileOf(folder, id);
    try {
      return await readIndexFile(file, manifest.index, dimension);
    } catch (error) {
      log.warn({ version: id, err: error }, 'the index file is rebuilt from the rows');
      return await readIndexFile(
        file,
        await writeIndexFile({ file, embeddings: values, dimension }),
        dimension,
      );
    }
  } catch (error) {
    log.error({ version: id, err: error }, 'there is no index: all items are compared for each answer');
    return undefined;
  }
}
