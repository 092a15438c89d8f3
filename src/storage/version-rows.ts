// The rows of a version as they are read: all of them once, in batches, when the version is loaded, and held
// against its manifest. A database can lose or change a row without a word; a version of which one row is not
// as it was published is not served. What is kept of them is what reads are answered from later, and what
// tells the rows of users, which are read later, from others.
//   N items, U users, d embedding width, K latent categories
import { TslrecError } from '../errors.ts';
import type { Item } from '../interactions/dataset.ts';
import { type Category, countCategories } from './category-sizes.ts';
import { contentHash } from './content-hash.ts';
import type { Query } from './database.ts';
import type { VersionDraft } from './draft.ts';
import { shownId } from './ids.ts';
import { type Digesting, digestRows, type RowDigests } from './row-digests.ts';
import { parseVector, rowOf } from './vectors.ts';
import type { Version } from './versions.ts';

const ROWS_A_STATEMENT = 1000;

export interface EmbeddingMatrix {
  readonly itemIds: readonly string[];
  readonly dimension: number;
  /** [N, d] row-major: row i belongs to itemIds[i]. */
  readonly values: Float32Array;
}

export interface VersionRows extends EmbeddingMatrix {
  readonly categories: readonly Category[];
  /** Of each user the preferences, from the history and from the language model. */
  readonly users: RowDigests;
}

/** Refuses rows that are not those that were published: 'bad-data', the message is what was found. */
export async function readVersionRows(query: Query, version: Version): Promise<VersionRows> {
  const { itemIds, dimension, values, categories, users } = await readChecked(
    query,
    version,
    (pieces) => pieces,
  );
  return { itemIds, dimension, values, categories, users };
}

/** Everything that was published, refused in the same way; of the items' texts what the store has now. */
export async function readVersionDraft(query: Query, version: Version): Promise<VersionDraft> {
  const { id, manifest } = version;
  const matrices: Partial<Record<MatrixName, Float32Array>> = {};
  const checked = await readChecked(query, version, async function* (pieces, name, length) {
    let at = 0;
    for await (const piece of pieces) {
      matrices[name] ??= new Float32Array(length); // not before one piece has the width
      matrices[name].set(piece, at);
      at += piece.length;
      yield piece;
    }
  });
  return {
    runId: id,
    items: await readItemTexts(query, checked.itemIds),
    embeddings: checked.values,
    dimension: checked.dimension,
    itemCategories: checked.itemCategories,
    inferredItemCategories: matrices.inferredItemCategories ?? new Float32Array(),
    categoryCount: manifest.categories,
    userIds: checked.userIds,
    priorPreferences: matrices.priorPreferences ?? new Float32Array(),
    inferredPreferences: matrices.inferredPreferences ?? new Float32Array(),
    lineage: manifest.lineage,
    metrics: manifest.metrics,
  };
}

type MatrixName = 'inferredItemCategories' | 'priorPreferences' | 'inferredPreferences';
type Pieces = AsyncIterable<Float32Array>;

interface CheckedRows extends VersionRows {
  readonly itemCategories: Int32Array;
  readonly userIds: readonly string[];
}

/** `tap` stands between the rows and what checks them; `length` is of all pieces together. */
async function readChecked(
  query: Query,
  { id, manifest }: Version,
  tap: (pieces: Pieces, name: MatrixName, length: number) => Pieces,
): Promise<CheckedRows> {
  const { dimension, categories: categoryCount } = manifest;
  await checkCounts(query, id, manifest);
  const items = await readItems(query, id, manifest);
  const userIds = await readUserIds(query, id);
  const sizes = countCategories(categoryCount);
  const digests = await digestRows(userIds);

  const hash = await contentHash({
    itemIds: items.itemIds,
    userIds,
    dimension,
    categoryCount,
    embeddings: [items.values],
    itemCategories: [items.categories],
    inferredItemCategories: tap(
      readInferredCategories(query, id, items, sizes, categoryCount),
      'inferredItemCategories',
      items.itemIds.length * categoryCount,
    ),
    priorPreferences: tap(
      readPreferences(query, id, userIds, digests, 'prior', categoryCount),
      'priorPreferences',
      userIds.length * categoryCount,
    ),
    inferredPreferences: tap(
      readPreferences(query, id, userIds, digests, 'inferred', categoryCount),
      'inferredPreferences',
      userIds.length * categoryCount,
    ),
  });
  check(
    hash === manifest.contentHash,
    `the content hash of its rows is ${hash}, its manifest says ${manifest.contentHash}`,
  );
  const categories = sizes.categories();
  check(
    JSON.stringify(await selectCategories(query, id)) === JSON.stringify(categories),
    'the sizes of its categories are not those of its items',
  );
  const users = digests.finish();
  const { itemIds, values, categories: itemCategories } = items;
  return { itemIds, dimension, values, itemCategories, categories, userIds, users };
}

function check(condition: boolean, found: string): asserts condition {
  if (!condition) throw new TslrecError('bad-data', found);
}

async function checkCounts(query: Query, version: string, manifest: Version['manifest']): Promise<void> {
  const [found] = await query<Record<'items' | 'users' | 'categories', number>>(
    `SELECT (SELECT count(*) FROM embeddings WHERE version = $1)::integer AS items,
       (SELECT count(*) FROM preferences WHERE version = $1)::integer AS users,
       (SELECT count(*) FROM categories WHERE version = $1)::integer AS categories`,
    [version],
  );
  for (const kind of ['items', 'users', 'categories'] as const) {
    const promised = manifest[kind];
    check(
      found[kind] === promised,
      `it has the rows of ${found[kind]} ${kind}, its manifest says ${promised}`,
    );
  }
}

interface ItemRows {
  readonly itemIds: string[];
  /** [N, d] */
  readonly values: Float32Array;
  /** [N]: -1 where unknown. */
  readonly categories: Int32Array;
}

async function readItems(query: Query, version: string, manifest: Version['manifest']): Promise<ItemRows> {
  const { items, dimension } = manifest;
  const itemIds: string[] = [];
  const categories = new Int32Array(items);
  let values: Float32Array | undefined;
  for (let start = 0; start < items; start += ROWS_A_STATEMENT) {
    const rows = await selectItems(query, version, start);
    for (let row = start; row < Math.min(items, start + ROWS_A_STATEMENT); row++) {
      const { rowNumber, itemId, embedding, category } = rows[row - start] ?? {};
      check(
        rowNumber === row,
        rowNumber! < row ? `row ${rowNumber} is there twice` : `row ${row} is missing`,
      );
      const vector = vectorOf('embedding of item', itemId, embedding, dimension);
      check(
        vector.some((value) => value !== 0),
        `the embedding of item ${shownId(itemId)} is zero`,
      );
      values ??= new Float32Array(items * dimension); // not before one row has the dimension
      values.set(vector, row * dimension);
      categories[row] = category ?? -1;
      itemIds.push(itemId);
    }
  }
  check(values !== undefined, 'it has no items');
  return { itemIds, values, categories };
}

async function readItemTexts(query: Query, itemIds: readonly string[]): Promise<Item[]> {
  const items: Item[] = [];
  for (let start = 0; start < itemIds.length; start += ROWS_A_STATEMENT) {
    const batch = itemIds.slice(start, start + ROWS_A_STATEMENT);
    const rows = new Map((await selectItemTexts(query, batch)).map((row) => [row.itemId, row]));
    for (const itemId of batch) {
      const row = rows.get(itemId);
      check(row !== undefined, `the text of item ${shownId(itemId)} is missing`);
      const { title, description, attributes } = row;
      items.push({ itemId, title: title ?? undefined, description: description ?? undefined, attributes });
    }
  }
  return items;
}

/** [N, K] in batches, and counted on the way. */
async function* readInferredCategories(
  query: Query,
  version: string,
  { itemIds, categories }: ItemRows,
  sizes: ReturnType<typeof countCategories>,
  categoryCount: number,
): AsyncGenerator<Float32Array> {
  for (let start = 0; start < itemIds.length; start += ROWS_A_STATEMENT) {
    const batch = itemIds.slice(start, start + ROWS_A_STATEMENT);
    const rows = await selectInferredCategories(query, version, batch);
    const piece = matrixOf('category distribution of item', batch, rows, categoryCount);
    for (let row = 0; row < batch.length; row++)
      sizes.add(categories[start + row], rowOf(piece, row, categoryCount));
    yield piece;
  }
}

/** Sorted here: databases sort text in many ways. */
async function readUserIds(query: Query, version: string): Promise<string[]> {
  const userIds: string[] = [];
  for (;;) {
    const rows = await selectUserIds(query, version, userIds.at(-1) ?? '');
    for (const { userId } of rows) userIds.push(userId);
    if (rows.length < ROWS_A_STATEMENT) return userIds.sort();
  }
}

/** [U, K] in batches, and digested on the way. */
async function* readPreferences(
  query: Query,
  version: string,
  userIds: readonly string[],
  digests: Digesting,
  kind: 'prior' | 'inferred',
  categoryCount: number,
): AsyncGenerator<Float32Array> {
  for (let start = 0; start < userIds.length; start += ROWS_A_STATEMENT) {
    const batch = userIds.slice(start, start + ROWS_A_STATEMENT);
    const rows = await selectPreferences(query, version, batch, kind);
    const piece = matrixOf('preference distribution of user', batch, rows, categoryCount);
    digests.add(start, piece, categoryCount);
    yield piece;
  }
}

interface VectorRow {
  readonly id: string;
  readonly vector: string;
}

/** The rows in the order of the ids. */
function matrixOf(kind: string, ids: readonly string[], rows: readonly VectorRow[], width: number) {
  const vectors = new Map(rows.map(({ id, vector }) => [id, vector]));
  const matrix = new Float32Array(ids.length * width);
  ids.forEach((id, row) => {
    matrix.set(vectorOf(kind, id, vectors.get(id), width), row * width);
  });
  return matrix;
}

function vectorOf(kind: string, id: string, text: string | undefined, width: number): number[] {
  check(text !== undefined, `the ${kind} ${shownId(id)} is missing`);
  const vector = parseVector(text);
  check(
    vector.length === width,
    `the ${kind} ${shownId(id)} has ${vector.length} values, its manifest says ${width}`,
  );
  return vector;
}

function selectItems(query: Query, version: string, start: number) {
  return query<{ rowNumber: number; itemId: string; embedding: string; category: number | null }>(
    `SELECT row_number AS "rowNumber", item_id AS "itemId", embedding::text AS embedding, category
     FROM embeddings LEFT JOIN item_categories USING (version, item_id)
     WHERE version = $1 AND row_number >= $2::integer AND row_number < $3::integer ORDER BY row_number`,
    [version, start, start + ROWS_A_STATEMENT],
  );
}

function selectItemTexts(query: Query, itemIds: readonly string[]) {
  return query<{
    itemId: string;
    title: string | null;
    description: string | null;
    attributes: Item['attributes'];
  }>(
    `SELECT item_id AS "itemId", title, description, attributes FROM items
     WHERE item_id = ANY($1::text[])`,
    [itemIds],
  );
}

function selectInferredCategories(query: Query, version: string, itemIds: readonly string[]) {
  return query<VectorRow>(
    `SELECT item_id AS id, inferred::text AS vector FROM item_categories
     WHERE version = $1 AND item_id = ANY($2::text[])`,
    [version, itemIds],
  );
}

function selectUserIds(query: Query, version: string, after: string) {
  return query<{ userId: string }>(
    `SELECT user_id AS "userId" FROM preferences WHERE version = $1 AND user_id > $2
     ORDER BY user_id LIMIT $3::integer`,
    [version, after, ROWS_A_STATEMENT],
  );
}

function selectPreferences(
  query: Query,
  version: string,
  userIds: readonly string[],
  kind: 'prior' | 'inferred',
) {
  return query<VectorRow>(
    `SELECT user_id AS id, ${kind}::text AS vector FROM preferences
     WHERE version = $1 AND user_id = ANY($2::text[])`,
    [version, userIds],
  );
}

function selectCategories(query: Query, version: string): Promise<Category[]> {
  return query(
    `SELECT category, items, inferred_items AS "inferredItems" FROM categories
     WHERE version = $1 ORDER BY category`,
    [version],
  );
}
