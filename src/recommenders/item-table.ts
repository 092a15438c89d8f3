// The item table of a recommender: what its items start from, and whether they may move. The mode decides
// more than the vectors do (docs/LOG.md). Legend: N items, F features, d width.
import { interactionCounts } from '../interactions/occurring-items.ts';
import { linear } from '../network/layers.ts';
import {
  buildModel,
  type Initializer,
  normal,
  parameterFeeds,
  type Scope,
  type Values,
  zeros,
} from '../network/scope.ts';
import { add, gelu, multiply } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import { createSession } from '../tensor/session.ts';

export type ItemTable =
  /** Noise, trained. */
  | { readonly kind: 'random' }
  /** vectors [N, d], trained on. */
  | { readonly kind: 'init'; readonly vectors: Float32Array }
  /** vectors [N, d], kept. */
  | { readonly kind: 'frozen'; readonly vectors: Float32Array }
  /** features [N, F], kept, through a two-layer adapter that learns: F -> hidden (GELU) -> d. */
  | {
      readonly kind: 'frozen+adapter';
      readonly features: Float32Array;
      readonly hidden: number;
    }
  /**
   * vectors [N, d], kept, and beside them a residual an item, from zero, of which it has the share `trust`
   * [N].
   */
  | { readonly kind: 'frozen+residual'; readonly vectors: Float32Array; readonly trust: Float32Array }
  /** `frozen+adapter` with such a residual. */
  | {
      readonly kind: 'dual';
      readonly features: Float32Array;
      readonly hidden: number;
      readonly trust: Float32Array;
    };

export const RESIDUAL = 'items.residual';
/** So many interactions weigh as much as all that is known of an item otherwise. */
const PRIOR_INTERACTIONS = 20;

/**
 * How far an item's own history is to be trusted [N]: n / (n + 20) after n interactions, as an empirical
 * Bayes estimate leaves its prior. What the item table is a function of keeps rare items in place, and
 * frequent ones learn what they are (docs/LOG.md, "One recipe for both gains").
 */
export function historyTrust(sequences: readonly Int32Array[], N: number): Float32Array {
  return Float32Array.from(interactionCounts(sequences, N), (n) => n / (n + PRIOR_INTERACTIONS));
}

/** Parameters under these names never learn. */
export const FROZEN_PARAMETERS: ReadonlySet<string> = new Set(['items.vectors', 'items.features']);

export function itemTable(scope: Scope, table: ItemTable, N: number, d: number): Tensor {
  const own = scope.within('items');
  switch (table.kind) {
    case 'random':
      return own.parameter('weight', [N, d], normal(0.02));
    case 'init':
      return own.parameter('weight', [N, d], given(table.vectors));
    case 'frozen':
      return own.parameter('vectors', [N, d], given(table.vectors));
    case 'frozen+residual':
      return withResidual(own, own.parameter('vectors', [N, d], given(table.vectors)), table.trust);
    case 'frozen+adapter':
    case 'dual': {
      const features = own.parameter('features', [N, table.features.length / N], given(table.features));
      const adapted = adapter(own, features, table.hidden, d);
      return table.kind === 'dual' ? withResidual(own, adapted, table.trust) : adapted;
    }
  }
}

function withResidual(scope: Scope, vectors: Tensor, trust: Float32Array): Tensor {
  const share = scope.graph.constant(trust, [trust.length, 1]);
  return add(vectors, multiply(scope.parameter('residual', vectors.shape, zeros), share));
}

/** features [M, F] -> [M, d]: linear, GELU, linear. */
export function adapter(scope: Scope, features: Tensor, hidden: number, d: number): Tensor {
  return linear(scope, 'adapter.outer', gelu(linear(scope, 'adapter.inner', features, hidden)), d);
}

const given =
  (values: Float32Array): Initializer =>
  (_, shape) => {
    if (values.length !== shape[0] * shape[1]) {
      throw new Error(`internal: ${values.length} values do not fill an item table of [${shape}]`);
    }
    return Float32Array.from(values);
  };

/** Computes the item table [N, d] from a model's values. */
export async function createTabulator(table: ItemTable, N: number, d: number) {
  const model = buildModel('inference', (scope) => itemTable(scope, table, N, d));
  const [{ name }, ...others] = model.parameters;
  if (others.length === 0) {
    return { table: async (values: Values) => values.get(name)!.values, release: async () => {} };
  }
  const session = await createSession(model.graph, { table: model.outputs });
  return {
    table: async (values: Values) => (await session.run(parameterFeeds(model.parameters, values))).table,
    release: () => session.release(),
  };
}
