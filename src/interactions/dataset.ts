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
  /**
   * times[u][i]: when sequences[u][i] was, in the unit of the file; its line where the file has no
   * timestamps.
   */
  readonly times: readonly Float64Array[];
  /** sha256 over items and sequences: the same data gives the same hash whatever files it came in. */
  readonly hash: string;
}

/** Users of whom the next item is asked. */
export interface NextItems {
  /** Rows of the data set's users. */
  readonly users: Int32Array;
  /** What is known of each of them by then, oldest first. */
  readonly histories: readonly Int32Array[];
  /** The item that came next. */
  readonly targets: Int32Array;
}

export type SplitName = 'leave-one-out' | 'time';

export interface Split {
  readonly name: SplitName;
  /** train[u]: what may be learnt from, oldest first. May be empty. */
  readonly train: readonly Int32Array[];
  readonly validation: NextItems;
  readonly test: NextItems;
}
