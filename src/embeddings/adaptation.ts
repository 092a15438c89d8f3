// The adaptation: the fitted map from an item's features to the recommender's dimension. A version's
// manifest names its file and hash; it applies to cold items as well. Two kinds:
//   learnt  linear, GELU, linear, trained end to end through SASRec's own loss on fixed features;
//   pca     centred principal components, optionally whitened, rows of length one, scaled.
// Legend: N items, F features, d width.
import { type NamedTensor, readSafetensors, writeSafetensors } from '../network/safetensors.ts';
import { buildModel, parameterFeeds, type Values } from '../network/scope.ts';
import { adapter } from '../recommenders/item-table.ts';
import { createSession } from '../tensor/session.ts';
import { type BlockScaling, type FeatureBlock, joinBlocks } from './item-features.ts';
import { applyPca, type Pca } from './pca.ts';

export type Adaptation =
  | { readonly kind: 'learnt'; readonly scalings: readonly BlockScaling[]; readonly weights: Values }
  | { readonly kind: 'pca'; readonly scalings: readonly BlockScaling[]; readonly pca: Pca };

/** Enhanced embeddings [N, d] of items by their feature blocks, which must be the ones of the fit. */
export async function applyAdaptation(adaptation: Adaptation, blocks: readonly FeatureBlock[]): Promise<Float32Array> {
  const features = joinBlocks(blocks, adaptation.scalings);
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
  for (const { name, mean } of adaptation.scalings) {
    tensors.set(MEAN_PREFIX + name, { shape: [mean.length], values: mean });
  }
  const rowLengths = JSON.stringify(Object.fromEntries(adaptation.scalings.map((s) => [s.name, s.rowLength])));
  if (adaptation.kind === 'learnt') {
    for (const [name, tensor] of adaptation.weights) tensors.set(name, tensor);
    writeSafetensors(file, tensors, { kind: 'learnt', rowLengths });
  } else {
    const { mean, components, width, scale } = adaptation.pca;
    tensors.set('pca.mean', { shape: [mean.length], values: mean });
    tensors.set('pca.components', { shape: [mean.length, width], values: components });
    writeSafetensors(file, tensors, { kind: 'pca', scale: String(scale), rowLengths });
  }
}

export async function loadAdaptation(file: string): Promise<Adaptation> {
  const { tensors, metadata } = await readSafetensors(file);
  const rowLengths = JSON.parse(metadata.rowLengths) as Record<string, number>;
  const scalings = Object.entries(rowLengths).map(([name, rowLength]) => ({
    name,
    mean: tensors.get(MEAN_PREFIX + name)!.values,
    rowLength,
  }));
  if (metadata.kind === 'learnt') {
    return { kind: 'learnt', scalings, weights: new Map([...tensors].filter(([name]) => name.startsWith('adapter.'))) };
  }
  const components = tensors.get('pca.components')!;
  const mean = tensors.get('pca.mean')!.values;
  return {
    kind: 'pca',
    scalings,
    pca: { mean, components: components.values, width: components.shape[1], scale: Number(metadata.scale) },
  };
}
