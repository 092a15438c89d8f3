// The adaptation: the fitted map from an item's features to the recommender's dimension. It is stored with the
// version and applies to cold items as well. Two kinds (METHOD in docs/ARCHITECTURE.md):
//   learnt  linear, GELU, linear, trained end to end through SASRec's own loss on fixed features;
//   pca     centred principal components, optionally whitened, rows of length one, scaled.
// Legend: N items, F features, d width.
import { type NamedTensor, readSafetensors, writeSafetensors } from '../network/safetensors.ts';
import { buildModel, parameterFeeds, type Values } from '../network/scope.ts';
import { adapter } from '../recommenders/item-table.ts';
import { createSession } from '../tensor/session.ts';
import { type BlockMean, type FeatureBlock, joinBlocks } from './item-features.ts';
import { applyPca, type Pca } from './pca.ts';

export type Adaptation =
  | { readonly kind: 'learnt'; readonly means: readonly BlockMean[]; readonly weights: Values }
  | { readonly kind: 'pca'; readonly means: readonly BlockMean[]; readonly pca: Pca };

/** Enhanced embeddings [N, d] of items by their feature blocks, which must be the ones of the fit. */
export async function applyAdaptation(adaptation: Adaptation, blocks: readonly FeatureBlock[]): Promise<Float32Array> {
  const features = joinBlocks(blocks, adaptation.means);
  const F = blocks.reduce((sum, { width }) => sum + width, 0);
  if (adaptation.kind === 'pca') return applyPca(adaptation.pca, features);
  const { weights } = adaptation;
  const hidden = weights.get('adapter.inner.bias')!.shape[0];
  const d = weights.get('adapter.outer.bias')!.shape[0];
  const model = buildModel('inference', (scope) =>
    adapter(scope, scope.graph.input('features', [features.length / F, F]), hidden, d),
  );
  const session = await createSession(model.graph, { table: model.outputs });
  const { table } = await session.run({ ...parameterFeeds(model.parameters, weights), features });
  await session.release();
  return table;
}

const MEAN_PREFIX = 'mean.';

export function saveAdaptation(file: string, adaptation: Adaptation): void {
  const tensors = new Map<string, NamedTensor>();
  for (const { name, mean } of adaptation.means)
    tensors.set(MEAN_PREFIX + name, { shape: [mean.length], values: mean });
  if (adaptation.kind === 'learnt') {
    for (const [name, tensor] of adaptation.weights) tensors.set(name, tensor);
    writeSafetensors(file, tensors, { kind: 'learnt' });
  } else {
    const { mean, components, width, scale } = adaptation.pca;
    tensors.set('pca.mean', { shape: [mean.length], values: mean });
    tensors.set('pca.components', { shape: [mean.length, width], values: components });
    writeSafetensors(file, tensors, { kind: 'pca', scale: String(scale) });
  }
}

export async function loadAdaptation(file: string): Promise<Adaptation> {
  const { tensors, metadata } = await readSafetensors(file);
  const means = [...tensors]
    .filter(([name]) => name.startsWith(MEAN_PREFIX))
    .map(([name, { values }]) => ({ name: name.slice(MEAN_PREFIX.length), mean: values }));
  if (metadata.kind === 'learnt') {
    return { kind: 'learnt', means, weights: new Map([...tensors].filter(([name]) => name.startsWith('adapter.'))) };
  }
  const components = tensors.get('pca.components')!;
  const mean = tensors.get('pca.mean')!.values;
  return {
    kind: 'pca',
    means,
    pca: { mean, components: components.values, width: components.shape[1], scale: Number(metadata.scale) },
  };
}
