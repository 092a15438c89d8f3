// Learns an adaptation. It is worth more than principal components (docs/LOG.md): the table is a *function*
// of what is known about an item, so behaviour seen on one item moves its neighbours in text as well, and
// rare items stay in place. Legend: N items, F features, d width.
import type { NextItems } from '../interactions/dataset.ts';
import { occurringItems } from '../interactions/occurring-items.ts';
import type { Values } from '../network/scope.ts';
import { historyTrust, RESIDUAL } from '../recommenders/item-table.ts';
import type { TrainingOptions } from '../recommenders/recommender.ts';
import { type SequenceModel, trainSequenceModel } from '../recommenders/sequence-model.ts';
import { blockScalings, type FeatureBlock, joinBlocks } from './item-features.ts';
import type { AdapterMember } from './merge-adapters.ts';

export interface LearntAdapter extends AdapterMember {
  readonly epochs: number;
  /** NDCG@10 of the recommender that it was learnt through, on what of validation occurs in the sequences. */
  readonly validationNdcg: number;
}

/**
 * Learns one adapter, and a residual for each item that occurs in the sequences, through a recommender's own
 * loss over these items. One that does not occur is never a target: as a negative of every step it, and with
 * it all that a cold item looks like, would only be pushed away (docs/LOG.md).
 */
export async function learnAdapter(
  blocks: readonly FeatureBlock[],
  model: SequenceModel,
  sequences: readonly Int32Array[],
  validation: NextItems,
  { hidden, ...training }: Omit<TrainingOptions, 'table'> & { readonly hidden: number },
): Promise<LearntAdapter> {
  const { items, rows, inCatalogue, renumbered, occurring } = occurringItems(sequences, model.itemCount);
  const width = blocks.reduce((sum, block) => sum + block.width, 0);
  const features = rows(joinBlocks(blocks, blockScalings(blocks)), width);
  const histories = renumbered(sequences);
  const trust = historyTrust(histories, items.length);
  const { recommender, values, itemVectors, bestEpoch, history } = await trainSequenceModel(
    { ...model, itemCount: items.length, repeatable: rows(model.repeatable, 1) },
    histories,
    occurring(validation),
    { ...training, table: { kind: 'dual', features, hidden, trust } },
  );
  await recommender.release();
  const weights: Values = new Map();
  for (const [name, tensor] of values) {
    if (name.startsWith('items.adapter.')) weights.set(name.slice('items.'.length), tensor);
  }
  return {
    weights,
    residual: inCatalogue(
      values.get(RESIDUAL)!.values.map((x, i) => trust[Math.floor(i / model.width)] * x),
      model.width,
    ),
    table: itemVectors,
    epochs: bestEpoch + 1,
    validationNdcg: history[bestEpoch]?.metric ?? 0,
  };
}
