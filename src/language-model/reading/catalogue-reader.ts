// What is asked of a tuned language model, whichever it is and wherever it runs: what it makes of items and
// of users. Legend: n texts, H hidden size, K categories.
import type { AnswerCounts } from './read-answers.ts';

export interface Distributions {
  /** [n, K]; each row sums to 1. */
  readonly distributions: Float32Array;
  /** Where the model told them in words. */
  readonly answers?: AnswerCounts;
}

export interface ItemReadings extends Distributions {
  /** [n, H]. */
  readonly hidden: Float32Array;
  /** Where the model was asked: how many different texts have a vector that another one has too, if any. */
  readonly sharedVectors?: number;
}

export interface CatalogueReader {
  readItems(texts: readonly string[]): Promise<ItemReadings>;
  readUsers(texts: readonly string[]): Promise<Distributions>;
  release(): Promise<void>;
}

/** `journal` names a file in which it may keep what it has so far, to go on from after a failure. */
export type OpenReader = (journal?: string) => Promise<CatalogueReader>;
