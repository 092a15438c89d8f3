// The item table of a recommender: what its items start from, and whether they may move. The mode decides more
// than the vectors do (docs/LOG.md). Legend: N items, F features, d width.
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
   * The same, and beside it a residual an item, what only its own history can teach: from zero, half of the rows
   * dropped at each step, and drawn back to zero by RESIDUAL_DECAY. Items outside `seen` [N] (1 or 0) have none.
   */
  | {
      readonly kind: 'dual';
      readonly features: Float32Array;
      readonly hidden: number;
      readonly seen: Float32Array;
    };

export const RESIDUAL = 'items.residual';
/**
 * AdamW's decay of the residual. Adam moves every entry by about the learning rate whatever its gradient's size,
 * and a decay of 20 stops it at 1/20: decay, not a smaller learning rate, is what bounds it (docs/LOG.md).
 */
export const RESIDUAL_DECAY = 20;
const RESIDUAL_DROPOUT = 0.5;

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
    case 'frozen+adapter':
    case 'dual': {
      const features = own.parameter('features', [N, table.features.length / N], given(table.features));
      const adapted = adapter(own, features, table.hidden, d);
      if (table.kind === 'frozen+adapter') return adapted;
      const present = scope.dropout(scope.graph.constant(table.seen, [N, 1]), RESIDUAL_DROPOUT);
      return add(adapted, multiply(own.parameter('residual', [N, d], zeros), present));
    }
  }
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
  if (!('features' in table)) {
    const [{ name }] = model.parameters;
    return { table: async (values: Values) => values.get(name)!.values, release: async () => {} };
  }
  const session = await createSession(model.graph, { table: model.outputs });
  return {
    table: async (values: Values) => (await session.run(parameterFeeds(model.parameters, values))).table,
    release: () => session.release(),
  };
}
