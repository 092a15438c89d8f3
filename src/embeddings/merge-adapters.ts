// Several adapters, learnt from different seeds, as one: their item tables side by side, projected onto the d
// strongest directions. A projection of two-layer adapters side by side is itself a two-layer adapter, so the
// merged one is stored and applied like any other. What the members agree on is strong in the joint table,
// what is one training's accident is weak (docs/LOG.md). Legend: M members, N items, W of them learnt on, F
// features, H hidden, d width.
import type { NamedTensor } from '../formats/safetensors.ts';
import type { Values } from '../network/scope.ts';
import type { FeatureBlock } from './item-features.ts';
import { spectrum } from './spectrum.ts';

export interface AdapterMember {
  /**
   * adapter.inner.weight [F, H], adapter.inner.bias [H], adapter.outer.weight [H, d], adapter.outer.bias [d].
   */
  readonly weights: Values;
  /** What each item has beside what the adapter makes of its features [N, d]. */
  readonly residual: Float32Array;
  /** The item table, the adapter's vectors plus the residual, of the items that it was learnt on [W, d]. */
  readonly table: Float32Array;
}

/** The weights are those of one adapter of hidden width M H. */
export type MergedAdapter = Omit<AdapterMember, 'table'>;

/** Merged, adapter and residual give a table that is centred and has the members' mean square. */
export function mergeAdapters(members: readonly AdapterMember[], d: number): MergedAdapter {
  const M = members.length;
  const sizes = members.map(({ table }) => rootMeanSquare(table));
  const size = sizes.reduce((sum, one) => sum + one, 0) / M;
  const joined = sideBySide(
    members.map(({ table }, m) => table.map((x) => x / sizes[m])),
    d,
  );
  const { mean, variances, direction } = spectrum(joined, M * d);
  const gain = size * Math.sqrt(d / variances.slice(0, d).reduce((sum, variance) => sum + variance, 0));

  /** Rows [R, d] of each member -> what each contributes to the merged rows [R, d], centring apart. */
  const project = (rowsOf: (member: AdapterMember) => Float32Array): Float32Array[] =>
    members.map((member, m) => {
      const rows = rowsOf(member);
      const projected = new Float32Array(rows.length);
      for (let r = 0; r < rows.length; r += d) {
        for (let c = 0; c < d; c++) {
          let sum = 0;
          for (let j = 0; j < d; j++) sum += rows[r + j] * direction(c, m * d + j);
          projected[r + c] = (gain / sizes[m]) * sum;
        }
      }
      return projected;
    });
  const weight = (name: string) => (member: AdapterMember) => member.weights.get(name)!.values;
  const centre = Float32Array.from({ length: d }, (_, c) =>
    mean.reduce((sum, value, j) => sum + gain * value * direction(c, j), 0),
  );
  const H = members[0].weights.get('adapter.inner.bias')!.shape[0];
  const F = members[0].weights.get('adapter.inner.weight')!.shape[0];
  const weights: Values = new Map([
    ['adapter.inner.weight', tensor([F, M * H], sideBySide(members.map(weight('adapter.inner.weight')), H))],
    ['adapter.inner.bias', tensor([M * H], sideBySide(members.map(weight('adapter.inner.bias')), H))],
    ['adapter.outer.weight', tensor([M * H, d], sideBySide(project(weight('adapter.outer.weight')), H * d))],
    [
      'adapter.outer.bias',
      tensor(
        [d],
        total(project(weight('adapter.outer.bias'))).map((x, c) => x - centre[c]),
      ),
    ],
  ]);
  return { weights, residual: total(project(({ residual }) => residual)) };
}

/**
 * An adapter that was learnt on some of the blocks, as one over all of them: the others have no weight in it.
 */
export function widenAdapter(
  weights: Values,
  learntOn: readonly FeatureBlock[],
  blocks: readonly FeatureBlock[],
): Values {
  const narrow = weights.get('adapter.inner.weight')!.values;
  const H = weights.get('adapter.inner.bias')!.shape[0];
  const F = blocks.reduce((sum, { width }) => sum + width, 0);
  const wide = new Float32Array(F * H);
  let from = 0;
  let to = 0;
  for (const block of blocks) {
    if (learntOn.includes(block)) {
      wide.set(narrow.subarray(from, from + block.width * H), to);
      from += block.width * H;
    }
    to += block.width * H;
  }
  return new Map([...weights, ['adapter.inner.weight', tensor([F, H], wide)]]);
}

const rootMeanSquare = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

const tensor = (shape: number[], values: Float32Array): NamedTensor => ({ shape, values });

/** M matrices [R, width] -> [R, M width]. */
function sideBySide(matrices: readonly Float32Array[], width: number): Float32Array {
  const M = matrices.length;
  const joined = new Float32Array(M * matrices[0].length);
  matrices.forEach((matrix, m) => {
    for (let r = 0; r * width < matrix.length; r++) {
      joined.set(matrix.subarray(r * width, (r + 1) * width), (r * M + m) * width);
    }
  });
  return joined;
}

const total = (parts: readonly Float32Array[]): Float32Array =>
  parts[0].map((_, i) => parts.reduce((sum, part) => sum + part[i], 0));
