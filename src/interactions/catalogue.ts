// The items as they are read: rows in file order, found by id. An id is kept as it was written ("007" stays
// "007").
import type { Item } from './dataset.ts';

export class Catalogue {
  readonly items: Item[] = [];
  readonly #indexOf = new Map<string, number>();

  /** False, and nothing added, if the catalogue has an item of this id already. */
  add(item: Item): boolean {
    if (this.#indexOf.has(item.itemId)) return false;
    this.#indexOf.set(item.itemId, this.items.length);
    this.items.push(item);
    return true;
  }

  /** Adds an item of which nothing but its id is known, which the catalogue has to lack. */
  addById(itemId: string): number {
    this.add({ itemId, attributes: {} });
    return this.items.length - 1;
  }

  indexOf(itemId: string): number | undefined {
    return this.#indexOf.get(itemId);
  }
}

/** Longer ids cannot be indexed by Postgres. */
export const MAX_ID_BYTES = 1024;

/**
 * What is wrong with an id, if anything: it has to survive a line of CSV, a URL and a database column
 * unchanged.
 */
export function idProblem(id: string): string | undefined {
  if (id.trim() === '') return 'an empty id';
  if (/[\p{Cc}\p{Cs}\uFFFD]/u.test(id)) return `an id with a control character or bytes that are not UTF-8`;
  if (Buffer.byteLength(id) > MAX_ID_BYTES)
    return `an id of ${Buffer.byteLength(id)} bytes (${MAX_ID_BYTES} are allowed)`;
  return undefined;
}
