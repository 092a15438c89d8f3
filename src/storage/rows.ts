// The rows of a version in bulk: written in batches inside the transaction that publishes it, read back in
// row order by whoever needs all of them. A batch is one statement over parallel arrays.
import type { Item } from '../interactions/dataset.ts';
import type { Parameter, Query } from './database.ts';
import type { VersionDraft } from './draft.ts';
import { parseVector, rowOf, vectorText } from './vectors.ts';
import type { Version } from './versions.ts';

const ROWS_A_STATEMENT = 1000;

export interface EmbeddingMatrix {
  readonly itemIds: readonly string[];
  readonly dimension: number;
  /** [N, d] row-major: row i belongs to itemIds[i]. */
  readonly values: Float32Array;
}

export async function insertRows(query: Query, draft: VersionDraft): Promise<void> {
  for (const rows of batches(draft.items.length)) {
    await upsertItems(
      query,
      rows.map((row) => draft.items[row]),
    );
    await insertEmbeddings(query, draft, rows);
    await insertItemCategories(query, draft, rows);
  }
  for (const rows of batches(draft.userIds.length)) await insertPreferences(query, draft, rows);
  await insertCategories(query, draft);
}

export async function selectEmbeddings(query: Query, version: Version): Promise<EmbeddingMatrix> {
  const { items, dimension } = version.manifest;
  const itemIds: string[] = [];
  const values = new Float32Array(items * dimension);
  for (const rows of batches(items)) {
    for (const { itemId, embedding } of await selectEmbeddingRows(query, version.id, rows[0], rows.length)) {
      values.set(parseVector(embedding), itemIds.length * dimension);
      itemIds.push(itemId);
    }
  }
  return { itemIds, dimension, values };
}

export async function selectItemIds(query: Query, version: string): Promise<string[]> {
  const rows = await query<{ itemId: string }>(
    'SELECT item_id AS "itemId" FROM embeddings WHERE version = $1 ORDER BY row_number',
    [version],
  );
  return rows.map(({ itemId }) => itemId);
}

/** The numbers 0 to count - 1, a thousand at a time. */
function batches(count: number): number[][] {
  return Array.from({ length: Math.ceil(count / ROWS_A_STATEMENT) }, (_, batch) => {
    const start = batch * ROWS_A_STATEMENT;
    return Array.from({ length: Math.min(ROWS_A_STATEMENT, count - start) }, (_, offset) => start + offset);
  });
}

function vectorTexts(matrix: Float32Array, rows: readonly number[], width: number): string[] {
  return rows.map((row) => vectorText(rowOf(matrix, row, width)));
}

async function upsertItems(query: Query, items: readonly Item[]): Promise<void> {
  await query(
    `INSERT INTO items (item_id, title, description, attributes)
     SELECT item_id, title, description, attributes::jsonb
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS item (item_id, title, description, attributes)
     ON CONFLICT (item_id) DO UPDATE
     SET title = excluded.title, description = excluded.description, attributes = excluded.attributes
     WHERE (items.title, items.description, items.attributes)
       IS DISTINCT FROM (excluded.title, excluded.description, excluded.attributes)`,
    [
      items.map(({ itemId }) => itemId),
      items.map(({ title }) => title ?? null),
      items.map(({ description }) => description ?? null),
      items.map(({ attributes }) => JSON.stringify(attributes)),
    ],
  );
}

async function insertEmbeddings(query: Query, draft: VersionDraft, rows: readonly number[]): Promise<void> {
  await query(
    `INSERT INTO embeddings (version, item_id, row_number, embedding)
     SELECT $1::text, * FROM unnest($2::text[], $3::integer[], $4::text[]::vector[])`,
    [
      draft.runId,
      rows.map((row) => draft.items[row].itemId),
      rows,
      vectorTexts(draft.embeddings, rows, draft.dimension),
    ],
  );
}

async function insertItemCategories(
  query: Query,
  draft: VersionDraft,
  rows: readonly number[],
): Promise<void> {
  await query(
    `INSERT INTO item_categories (version, item_id, category, inferred)
     SELECT $1::text, * FROM unnest($2::text[], $3::integer[], $4::text[]::vector[])`,
    [
      draft.runId,
      rows.map((row) => draft.items[row].itemId),
      rows.map((row) => (draft.itemCategories[row] === -1 ? null : draft.itemCategories[row])),
      vectorTexts(draft.inferredItemCategories, rows, draft.categoryCount),
    ],
  );
}

async function insertPreferences(query: Query, draft: VersionDraft, rows: readonly number[]): Promise<void> {
  await query(
    `INSERT INTO preferences (version, user_id, prior, inferred)
     SELECT $1::text, * FROM unnest($2::text[], $3::text[]::vector[], $4::text[]::vector[])`,
    [
      draft.runId,
      rows.map((row) => draft.userIds[row]),
      vectorTexts(draft.priorPreferences, rows, draft.categoryCount),
      vectorTexts(draft.inferredPreferences, rows, draft.categoryCount),
    ],
  );
}

/**
 * A category's sizes: how many items behaviour puts there, and for how many it is the language model's first
 * choice.
 */
async function insertCategories(query: Query, draft: VersionDraft): Promise<void> {
  const { runId, items, categoryCount } = draft;
  const sizes = new Int32Array(categoryCount);
  const inferredSizes = new Int32Array(categoryCount);
  for (let row = 0; row < items.length; row++) {
    if (draft.itemCategories[row] !== -1) sizes[draft.itemCategories[row]]++;
    const inferred = rowOf(draft.inferredItemCategories, row, categoryCount);
    inferredSizes[inferred.indexOf(Math.max(...inferred))]++;
  }
  const parameters: Parameter[] = [runId, [...sizes.keys()], [...sizes], [...inferredSizes]];
  await query(
    `INSERT INTO categories (version, category, items, inferred_items)
     SELECT $1::text, * FROM unnest($2::integer[], $3::integer[], $4::integer[])`,
    parameters,
  );
}

function selectEmbeddingRows(query: Query, version: string, start: number, count: number) {
  return query<{ itemId: string; embedding: string }>(
    `SELECT item_id AS "itemId", embedding::text AS embedding FROM embeddings
     WHERE version = $1 AND row_number >= $2::integer AND row_number < $3::integer ORDER BY row_number`,
    [version, start, start + count],
  );
}
