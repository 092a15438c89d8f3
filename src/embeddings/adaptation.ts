// The adaptation: the fitted map from an item's features to the recommender's width: linear, GELU,
// linear, trained end to end through a recommender's own loss on fixed features. A version's manifest names
// its file and hash; it applies to cold items as well. Legend: N items, F features, d width.
import { readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import { buildModel, parameterFeeds, type Values } from '../network/scope.ts';
import { adapter } from '../recommenders/item-table.ts';
import { BATCH } from '../tensor/graph.ts';
import { createSession } from '../tensor/session.ts';
import { type BlockScaling, type FeatureBlock, joinBlocks } from './item-features.ts';

export interface Adaptation {
  readonly scalings: readonly BlockScaling[];
  /** Of the adapter (recommenders/item-table.ts). */
  readonly weights: Values;
}

export interface OpenAdaptation {
  /** d */
  readonly width: number;
  /** Enhanced embeddings [n, d] of items by their feature blocks, which must be the ones of the fit. */
  apply(blocks: readonly FeatureBlock[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** For any number of items, as often as they come. */
export async function openAdaptation({ scalings, weights }: Adaptation): Promise<OpenAdaptation> {
  const F = scalings.reduce((sum, { mean }) => sum + mean.length, 0);
  const hidden = weights.get('adapter.inner.bias')!.shape[0];
  const d = weights.get('adapter.outer.bias')!.shape[0];
  const model = buildModel('inference', (scope) =>
    adapter(scope, scope.graph.input('features', [BATCH, F]), hidden, d),
  );
  const session = await createSession(model.graph, { table: model.outputs });
  const parameters = parameterFeeds(model.parameters, weights);
  return {
    width: d,
    apply: async (blocks) =>
      (await session.run({ ...parameters, features: joinBlocks(blocks, scalings) })).table,
    release: () => session.release(),
  };
}

/** The same of one catalogue. */
export async function applyAdaptation(
  adaptation: Adaptation,
  blocks: readonly FeatureBlock[],
): Promise<Float32Array> {
  const { apply, release } = await openAdaptation(adaptation);
  return apply(blocks).finally(release);
}

const MEAN_PREFIX = 'mean.';

export function saveAdaptation(file: string, { scalings, weights }: Adaptation): void {
  const means = scalings.map(
    ({ name, mean }) => [MEAN_PREFIX + name, { shape: [mean.length], values: mean }] as const,
  );
  const rowLengths = Object.fromEntries(scalings.map(({ name, rowLength }) => [name, rowLength]));
  writeSafetensors(file, new Map([...means, ...weights]), { rowLengths: JSON.stringify(rowLengths) });
}

export async function loadAdaptation(file: string): Promise<Adaptation> {
  const { tensors, metadata } = await readSafetensors(file);
  const rowLengths = JSON.parse(metadata.rowLengths) as Record<string, number>;
  const scalings = Object.entries(rowLengths).map(([name, rowLength]) => ({
    name,
    mean: tensors.get(MEAN_PREFIX + name)!.values,
    rowLength,
  }));
  return { scalings, weights: new Map([...tensors].filter(([name]) => name.startsWith('adapter.'))) };
}
