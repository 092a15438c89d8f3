// What a run hands over to be published, and what it has to satisfy first: the shapes fit, every number is
// finite, no embedding is zero (its direction, all that cosine sees, would be undefined), every id can be
// stored.
// What is stored is single precision and its length is computed in double, so that every vector that is
// finite and not zero has a direction, however long or short.
//   N items, U users, d embedding width, K latent categories; matrices are row-major.
import { setImmediate as turn } from 'node:timers/promises';
import { TslrecError } from '../errors.ts';
import type { Item } from '../interactions/dataset.ts';
import { contentHash } from './content-hash.ts';
import { isStorableId, isStorableJson, shownId } from './ids.ts';
import { rowOf } from './vectors.ts';

export interface VersionDraft {
  /** The run that publishes; the version gets its id. */
  readonly runId: string;
  readonly items: readonly Item[];
  /** [N, d] */
  readonly embeddings: Float32Array;
  readonly dimension: number;
  /** [N]: the category behaviour gives, -1 where unknown. */
  readonly itemCategories: Int32Array;
  /** [N, K]: the language model's distribution over categories. */
  readonly inferredItemCategories: Float32Array;
  readonly categoryCount: number;
  /** Sorted. */
  readonly userIds: readonly string[];
  /** [U, K]: from the user's history. */
  readonly priorPreferences: Float32Array;
  /** [U, K]: from the language model. */
  readonly inferredPreferences: Float32Array;
  readonly lineage: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
  /** A folder of files, opaque to storage, that is kept with the version. */
  readonly encoder?: string;
}

/** At most so many rows between two turns of the event loop: who serves may publish. */
const ROWS_A_TURN = 1000;

/** Refuses a draft that must not be served, with 'bad-data' naming the item or user. */
export async function checkDraft(draft: VersionDraft): Promise<void> {
  const { items, userIds, dimension, categoryCount } = draft;
  const itemIds = items.map((item) => item.itemId);
  check(items.length > 0, 'There are no items to publish.');
  checkIds('item', itemIds);
  checkIds('user', userIds);
  checkSorted('user', userIds);
  checkLength('itemCategories', draft.itemCategories, items.length, 1);
  await checkMatrix('embeddings', draft.embeddings, 'item', itemIds, dimension);
  await checkMatrix('inferredItemCategories', draft.inferredItemCategories, 'item', itemIds, categoryCount);
  await checkMatrix('priorPreferences', draft.priorPreferences, 'user', userIds, categoryCount);
  await checkMatrix('inferredPreferences', draft.inferredPreferences, 'user', userIds, categoryCount);
  for (const [row, item] of items.entries()) {
    if (row % ROWS_A_TURN === 0) await turn();
    const category = draft.itemCategories[row];
    check(
      rowOf(draft.embeddings, row, dimension).some((value) => value !== 0),
      `The embedding of item ${shownId(item.itemId)} is zero.`,
    );
    check(
      category >= -1 && category < categoryCount,
      `The category of item ${shownId(item.itemId)} is ${category}; allowed are -1 to ${categoryCount - 1}.`,
    );
    check(
      isStorableJson(item),
      `The text of item ${shownId(item.itemId)} contains a NUL character or half a surrogate pair.`,
    );
  }
}

/** The content hash of the version that the draft becomes. */
export function draftHash({ items, ...draft }: VersionDraft): Promise<string> {
  return contentHash({
    ...draft,
    itemIds: items.map((item) => item.itemId),
    embeddings: [draft.embeddings],
    itemCategories: [draft.itemCategories],
    inferredItemCategories: [draft.inferredItemCategories],
    priorPreferences: [draft.priorPreferences],
    inferredPreferences: [draft.inferredPreferences],
  });
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new TslrecError('bad-data', message);
}

function checkIds(kind: string, ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    check(
      isStorableId(id),
      `The ${kind} id ${shownId(id)} is empty, longer than 1,024 bytes or not plain text.`,
    );
    check(!seen.has(id), `The ${kind} id ${shownId(id)} occurs twice.`);
    seen.add(id);
  }
}

function checkSorted(kind: string, ids: readonly string[]): void {
  const place = ids.findIndex((id, index) => index > 0 && id < ids[index - 1]);
  check(
    place === -1,
    `The ${kind} id ${shownId(ids[place] ?? '')} stands behind ${shownId(ids[place - 1] ?? '')}; ` +
      `${kind} ids have to be sorted.`,
  );
}

function checkLength(name: string, values: ArrayLike<number>, rows: number, width: number): void {
  const expected = rows * width;
  check(
    values.length === expected && width > 0,
    `${name} has ${values.length} values; ${rows} rows of ${width} need ${expected}.`,
  );
}

async function checkMatrix(
  name: string,
  matrix: Float32Array,
  kind: string,
  ids: readonly string[],
  width: number,
): Promise<void> {
  checkLength(name, matrix, ids.length, width);
  for (const [row, id] of ids.entries()) {
    if (row % ROWS_A_TURN === 0) await turn();
    const values = rowOf(matrix, row, width);
    const column = values.findIndex((value) => !Number.isFinite(value));
    if (column === -1) continue;
    throw new TslrecError(
      'bad-data',
      `${name} of ${kind} ${shownId(id)} contains ${values[column]} in column ${column}.`,
    );
  }
}
