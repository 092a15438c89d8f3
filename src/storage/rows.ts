// The rows of a version as they are written: in batches, inside the transaction that publishes it. A batch is
// one statement over parallel arrays. `version-rows.ts` reads them back.
import type { Item } from '../interactions/dataset.ts';
import { countCategories } from './category-sizes.ts';
import type { Query } from './database.ts';
import type { VersionDraft } from './draft.ts';
import { rowOf, vectorText } from './vectors.ts';

const ROWS_A_STATEMENT = 1000;

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
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
       AS item (item_id, title, description, attributes)
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

async function insertCategories(query: Query, draft: VersionDraft): Promise<void> {
  const { runId, items, categoryCount } = draft;
  const sizes = countCategories(categoryCount);
  for (let row = 0; row < items.length; row++)
    sizes.add(draft.itemCategories[row], rowOf(draft.inferredItemCategories, row, categoryCount));
  const categories = sizes.categories();
  await query(
    `INSERT INTO categories (version, category, items, inferred_items)
     SELECT $1::text, * FROM unnest($2::integer[], $3::integer[], $4::integer[])`,
    [
      runId,
      categories.map(({ category }) => category),
      categories.map(({ items }) => items),
      categories.map(({ inferredItems }) => inferredItems),
    ],
  );
}
