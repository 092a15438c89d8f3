// What readers ask of a version: the one they name, or the one that is served. Every answer says which
// version it came from. Embeddings, neighbours and categories come from the rows that were checked when the
// version was loaded; texts and preferences are read a row a request.
import { TslrecError } from '../errors.ts';
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

export interface ItemDescription extends FromVersion {
  readonly itemId: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly attributes: Readonly<Record<string, string | number | readonly string[]>>;
  /** The category that behaviour gives; null where unknown. */
  readonly category: number | null;
  /** The language model's distribution over categories. */
  readonly inferredCategories: readonly number[];
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
  item(itemId: string, version?: string): Promise<ItemDescription>;
  neighbours(itemId: string, k: number, version?: string): Promise<ItemNeighbours>;
  preferences(userId: string, version?: string): Promise<UserPreferences>;
  categories(version?: string): Promise<CategoryList>;
}

export function createReads(query: Query, serving: Serving): Reads {
  return {
    embedding: async (itemId, versionId) => {
      const { version, embedding } = await serving.version(versionId);
      return { ...from(version), itemId, embedding: known(embedding(itemId), 'item', itemId) };
    },
    embeddings: async (versionId) => {
      const { version, embeddings } = await serving.version(versionId);
      return { ...from(version), ...embeddings() };
    },
    item: async (itemId, versionId) => {
      const { version, has } = await serving.version(versionId);
      const row = known(has(itemId) && (await selectItem(query, version.id, itemId)), 'item', itemId);
      return { ...from(version), itemId, ...row, inferredCategories: parseVector(row.inferredCategories) };
    },
    neighbours: async (itemId, k, versionId) => {
      const { version, neighbours } = await serving.version(versionId);
      return { ...from(version), itemId, neighbours: known(neighbours(itemId, k), 'item', itemId) };
    },
    preferences: async (userId, versionId) => {
      const { version } = await serving.version(versionId);
      const row = known(
        isStorableId(userId) && (await selectPreferences(query, version.id, userId)),
        'user',
        userId,
      );
      return { ...from(version), userId, prior: parseVector(row.prior), inferred: parseVector(row.inferred) };
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

async function selectItem(query: Query, version: string, itemId: string) {
  const rows = await query<
    Pick<ItemDescription, 'title' | 'description' | 'attributes' | 'category'> & {
      inferredCategories: string;
    }
  >(
    `SELECT title, description, attributes, category, inferred::text AS "inferredCategories"
     FROM item_categories JOIN items USING (item_id)
     WHERE version = $1 AND item_id = $2`,
    [version, itemId],
  );
  return rows.at(0);
}

async function selectPreferences(query: Query, version: string, userId: string) {
  const rows = await query<{ prior: string; inferred: string }>(
    'SELECT prior::text AS prior, inferred::text AS inferred FROM preferences WHERE version = $1 AND ' +
      'user_id = $2',
    [version, userId],
  );
  return rows.at(0);
}
