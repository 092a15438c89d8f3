// The nearest-neighbour indexes in memory: one a version, loaded when first asked for, the least recently
// used dropped. A file that is missing or damaged is rebuilt from the version's rows.
import path from 'node:path';
import type { HierarchicalNSW } from 'hnswlib-node';
import type { Log } from '../log.ts';
import type { Query } from './database.ts';
import { type FileDigest, readIndexFile, writeIndexFile } from './index-file.ts';
import { selectEmbeddings, selectItemIds } from './rows.ts';
import type { Version } from './versions.ts';

const VERSIONS_IN_MEMORY = 3;
const SEARCH_CANDIDATES = 128;

export interface Neighbour {
  readonly itemId: string;
  /** Cosine, in [-1, 1]. */
  readonly similarity: number;
}

export interface VersionIndex {
  /**
   * The k items nearest to one, itself left out, by falling similarity; undefined for an item it does not
   * hold.
   */
  neighbours(itemId: string, k: number): Neighbour[] | undefined;
}

export interface Indexes {
  get(version: Version): Promise<VersionIndex>;
  isLoaded(version: Version): boolean;
}

export function createIndexes(folder: string, query: Query, log: Log): Indexes {
  const cache = new Map<string, { index: Promise<VersionIndex>; loaded: boolean }>();

  const load = (version: Version) => {
    const entry = { index: loadIndex(folder, query, log, version), loaded: false };
    entry.index.then(
      () => {
        entry.loaded = true;
      },
      () => cache.delete(version.id),
    );
    return entry;
  };
  return {
    get: (version) => {
      const entry = cache.get(version.id) ?? load(version);
      cache.delete(version.id);
      cache.set(version.id, entry);
      if (cache.size > VERSIONS_IN_MEMORY) cache.delete(cache.keys().next().value!);
      return entry.index;
    },
    isLoaded: (version) => cache.get(version.id)?.loaded ?? false,
  };
}

async function loadIndex(folder: string, query: Query, log: Log, version: Version): Promise<VersionIndex> {
  const itemIds = await selectItemIds(query, version.id);
  return versionIndex(await readOrRebuild(folder, query, log, version), itemIds);
}

async function readOrRebuild(
  folder: string,
  query: Query,
  log: Log,
  version: Version,
): Promise<HierarchicalNSW> {
  const { dimension, index } = version.manifest;
  const file = path.join(folder, index.file);
  try {
    return await readIndexFile(file, index, dimension);
  } catch (error) {
    log.warn({ version: version.id, err: error }, 'the index file is rebuilt from the rows');
    const { values } = await selectEmbeddings(query, version);
    const rebuilt: FileDigest = await writeIndexFile({ file, embeddings: values, dimension });
    return readIndexFile(file, rebuilt, dimension);
  }
}

function versionIndex(index: HierarchicalNSW, itemIds: readonly string[]): VersionIndex {
  const rows = new Map(itemIds.map((itemId, row) => [itemId, row]));
  return {
    neighbours: (itemId, k) => {
      const row = rows.get(itemId);
      if (row === undefined) return undefined;
      const count = Math.min(k, itemIds.length - 1);
      const found = searchGraph(index, row, count);
      return (found.length === count ? found : searchAll(index, row, count)).map((neighbour) => ({
        itemId: itemIds[neighbour.row],
        similarity: neighbour.similarity,
      }));
    },
  };
}

interface FoundRow {
  readonly row: number;
  readonly similarity: number;
}

function searchGraph(index: HierarchicalNSW, row: number, count: number): FoundRow[] {
  index.setEf(Math.max(count + 1, SEARCH_CANDIDATES));
  const { neighbors, distances } = index.searchKnn(index.getPoint(row), count + 1);
  return neighbors
    .map((neighbour, rank) => ({ row: neighbour, similarity: 1 - distances[rank] }))
    .filter((neighbour) => neighbour.row !== row)
    .slice(0, count);
}

/**
 * For the rare graph in which not every item can be reached from every other. hnswlib keeps points
 * normalised.
 */
function searchAll(index: HierarchicalNSW, row: number, count: number): FoundRow[] {
  const point = index.getPoint(row);
  return index
    .getIdsList()
    .filter((other) => other !== row)
    .map((other) => ({ row: other, similarity: dot(point, index.getPoint(other)) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, count);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, column) => sum + value * b[column], 0);
}
