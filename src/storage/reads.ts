// What readers ask of a version: the one they name, or the active one. Every answer says which version it
// came from.
import { TslrecError } from '../errors.ts';
import type { Database, Query } from './database.ts';
import { isStorableId, shownId } from './ids.ts';
import type { Indexes, Neighbour } from './indexes.ts';
import { type EmbeddingMatrix, selectEmbeddings } from './rows.ts';
import { parseVector } from './vectors.ts';
import { requireVersion, type Version } from './versions.ts';

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

export interface Category {
  readonly category: number;
  /** How many items behaviour puts there. */
  readonly items: number;
  /** For how many items it is the language model's first choice. */
  readonly inferredItems: number;
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

export function createReads({ query }: Database, indexes: Indexes): Reads {
  return {
    embedding: async (itemId, versionId) => {
      const version = await requireVersion(query, versionId);
      const row = known(
        isStorableId(itemId) && (await selectEmbedding(query, version.id, itemId)),
        'item',
        itemId,
      );
      return { ...from(version), itemId, embedding: parseVector(row.embedding) };
    },
    embeddings: async (versionId) => {
      const version = await requireVersion(query, versionId);
      return { ...from(version), ...(await selectEmbeddings(query, version)) };
    },
    item: async (itemId, versionId) => {
      const version = await requireVersion(query, versionId);
      const row = known(
        isStorableId(itemId) && (await selectItem(query, version.id, itemId)),
        'item',
        itemId,
      );
      return { ...from(version), itemId, ...row, inferredCategories: parseVector(row.inferredCategories) };
    },
    neighbours: async (itemId, k, versionId) => {
      const version = await requireVersion(query, versionId);
      const index = await indexes.get(version);
      return { ...from(version), itemId, neighbours: known(index.neighbours(itemId, k), 'item', itemId) };
    },
    preferences: async (userId, versionId) => {
      const version = await requireVersion(query, versionId);
      const row = known(
        isStorableId(userId) && (await selectPreferences(query, version.id, userId)),
        'user',
        userId,
      );
      return { ...from(version), userId, prior: parseVector(row.prior), inferred: parseVector(row.inferred) };
    },
    categories: async (versionId) => {
      const version = await requireVersion(query, versionId);
      return { ...from(version), categories: await selectCategories(query, version.id) };
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

async function selectEmbedding(query: Query, version: string, itemId: string) {
  const rows = await query<{ embedding: string }>(
    'SELECT embedding::text AS embedding FROM embeddings WHERE version = $1 AND item_id = $2',
    [version, itemId],
  );
  return rows.at(0);
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

function selectCategories(query: Query, version: string): Promise<Category[]> {
  return query(
    `SELECT category, items, inferred_items AS "inferredItems" FROM categories
     WHERE version = $1 ORDER BY category`,
    [version],
  );
}
