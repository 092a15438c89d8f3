// How a recommender starts from item vectors: which of the item tables of recommenders/item-table.ts they
// become.
import { blockScalings, joinBlocks } from '../embeddings/item-features.ts';
import { historyTrust, type ItemTable } from '../recommenders/item-table.ts';

export const WARM_START_MODES = ['init', 'frozen', 'frozen+residual', 'frozen+adapter', 'dual'] as const;
export type WarmStartMode = (typeof WARM_START_MODES)[number];

export interface WarmStartOptions {
  /** N. */
  readonly itemCount: number;
  /** Training histories: the more of them hold an item, the further its residual may go. */
  readonly train: readonly Int32Array[];
  /** Of `frozen+adapter` and `dual`: the adapter's hidden width, and the length of the rows that it reads. */
  readonly adapter: { readonly hidden: number; readonly rowLength: number };
}

/** vectors [N, d]. */
export function warmStartTable(
  mode: WarmStartMode,
  vectors: Float32Array,
  { itemCount: N, train, adapter: { hidden, rowLength } }: WarmStartOptions,
): ItemTable {
  if (mode === 'init' || mode === 'frozen') return { kind: mode, vectors };
  const trust = historyTrust(train, N);
  if (mode === 'frozen+residual') return { kind: mode, vectors, trust };
  const blocks = [{ name: 'vectors', width: vectors.length / N, values: vectors, rowLength }];
  const features = joinBlocks(blocks, blockScalings(blocks));
  return mode === 'dual' ? { kind: mode, features, hidden, trust } : { kind: mode, features, hidden };
}
