// How a recommender starts from item vectors: which of the item tables of recommenders/item-table.ts they become.
import { blockScalings, joinBlocks, LEADING_ROWS } from '../embeddings/item-features.ts';
import type { ItemTable } from '../recommenders/item-table.ts';

export const WARM_START_MODES = ['init', 'frozen', 'frozen+adapter', 'dual'] as const;
export type WarmStartMode = (typeof WARM_START_MODES)[number];

export interface WarmStartOptions {
  /** N. */
  readonly itemCount: number;
  /** Training histories: an item of none of them gets no residual. */
  readonly train: readonly Int32Array[];
  /** Hidden width of the adapters of `frozen+adapter` and `dual`. */
  readonly adapterWidth: number;
}

/** vectors [N, d]. */
export function warmStartTable(
  mode: WarmStartMode,
  vectors: Float32Array,
  { itemCount: N, train, adapterWidth: hidden }: WarmStartOptions,
): ItemTable {
  if (mode === 'init' || mode === 'frozen') return { kind: mode, vectors };
  const blocks = [{ name: 'vectors', width: vectors.length / N, values: vectors, rowLength: LEADING_ROWS }];
  const features = joinBlocks(blocks, blockScalings(blocks));
  if (mode === 'frozen+adapter') return { kind: mode, features, hidden };
  const seen = new Float32Array(N);
  for (const sequence of train) for (const item of sequence) seen[item] = 1;
  return { kind: mode, features, hidden, seen };
}
