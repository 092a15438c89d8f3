// The vocabulary of stage 1: who did what, in which order. Every later stage speaks in these types.
//   N items, U users; an ItemIndex is a row in [0, N), never padding.

/** The catalogue's own id, kept as it was written. */
export type ItemId = string & { readonly brand?: 'ItemId' };
/** A row of the matrix, in [0, N). Padding is explicit where it occurs, never an item. */
export type ItemIndex = number & { readonly brand?: 'ItemIndex' };
export type UserId = string & { readonly brand?: 'UserId' };

export interface Item {
  readonly itemId: ItemId;
  readonly title?: string;
  readonly description?: string;
  /** Free-form: brand, genres, codes ... A list stays a list. */
  readonly attributes: Readonly<Record<string, string | number | readonly string[]>>;
}

export interface Dataset {
  /** Folder name, for people. */
  readonly name: string;
  /** items[i] is the item whose ItemIndex is i; the order is the catalogue file's. */
  readonly items: readonly Item[];
  readonly userIds: readonly UserId[];
  /** sequences[u]: what user u interacted with, oldest first. May be empty. */
  readonly sequences: readonly Int32Array[];
  /** sha256 over items and sequences: the same data gives the same hash whatever files it came in. */
  readonly hash: string;
}

/** Leave-one-out. -1 where a user has too few interactions for a validation or test item. */
export interface Split {
  readonly train: readonly Int32Array[];
  readonly validation: Int32Array;
  readonly test: Int32Array;
}
