// What readers ask of a version: the one they name, or the one that is served. Every answer says which
// version it came from. Embeddings, neighbours and categories come from the rows that were checked when the
// version was loaded; preferences are read a row a request, and held against what was kept of them then.
import { TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Category } from './category-sizes.ts';
import type { Query } from './database.ts';
import { isStorableId, shownId } from './ids.ts';
import type { Neighbour } from './loaded-versions.ts';
import type { Serving } from './serving.ts';
import { parseVector } from './vectors.ts';
import type { EmbeddingMatrix } from './version-rows.ts';
import type { Version } from './versions.ts';

export interface FromVersion {
  readonly version: string;
  readonly versionCreatedAt: Date;
}

export interface ItemEmbedding extends FromVersion {
  readonly itemId: string;
  readonly embedding: readonly number[];
}

export interface ItemNeighbours extends FromVersion {
  readonly itemId: string;
  readonly neighbours: readonly Neighbour[];
}

export interface UserPreferences extends FromVersion {
  readonly userId: string;
  /** From the user's history. */
  readonly prior: readonly number[];
  /** From the language model. */
  readonly inferred: readonly number[];
}

export interface CategoryList extends FromVersion {
  readonly categories: readonly Category[];
}

export interface Reads {
  embedding(itemId: string, version?: string): Promise<ItemEmbedding>;
  embeddings(version?: string): Promise<EmbeddingMatrix & FromVersion>;
  neighbours(itemId: string, k: number, version?: string): Promise<ItemNeighbours>;
  preferences(userId: string, version?: string): Promise<UserPreferences>;
  categories(version?: string): Promise<CategoryList>;
}

export function createReads(query: Query, serving: Serving, log: Log): Reads {
  return {
    embedding: async (itemId, versionId) => {
      const { version, embedding } = await serving.version(versionId);
      return { ...from(version), itemId, embedding: known(embedding(itemId), 'item', itemId) };
    },
    embeddings: async (versionId) => {
      const { version, embeddings } = await serving.version(versionId);
      return { ...from(version), ...embeddings() };
    },
    neighbours: async (itemId, k, versionId) => {
      const { version, neighbours } = await serving.version(versionId);
      return { ...from(version), itemId, neighbours: known(neighbours(itemId, k), 'item', itemId) };
    },
    preferences: async (userId, versionId) => {
      const { version, users } = await serving.version(versionId);
      known(isStorableId(userId) && users.has(userId), 'user', userId);
      const row = await selectPreferences(query, version.id, userId);
      const [prior, inferred] = row ? [parseVector(row.prior), parseVector(row.inferred)] : [[], []];
      if (row && users.matches(userId, [prior, inferred]))
        return { ...from(version), userId, prior, inferred };
      const error = damaged(version, userId, row ? 'not those that were published' : 'lost');
      log.error({ version: version.id, err: error }, 'preferences are not served');
      throw error;
    },
    categories: async (versionId) => {
      const { version, categories } = await serving.version(versionId);
      return { ...from(version), categories };
    },
  };
}

function from(version: Version): FromVersion {
  return { version: version.id, versionCreatedAt: version.createdAt };
}

function known<T>(found: T | false | undefined, kind: 'item' | 'user', id: string): T {
  if (found) return found;
  throw new TslrecError(`unknown-${kind}`, `The version contains no ${kind} ${shownId(id)}.`);
}

function damaged(version: Version, userId: string, found: string): TslrecError {
  return new TslrecError(
    'unavailable',
    `The preferences of user ${shownId(userId)} in version ${version.id} are ${found}: restore that row in ` +
      'the database, or refresh.',
  );
}

async function selectPreferences(query: Query, version: string, userId: string) {
  const rows = await query<{ prior: string; inferred: string }>(
    'SELECT prior::text AS prior, inferred::text AS inferred FROM preferences WHERE version = $1 AND ' +
      'user_id = $2',
    [version, userId],
  );
  return rows.at(0);
}
