// Learns an adaptation. It is worth more than principal components (docs/LOG.md): the table is a *function*
// of what is known about an item, so behaviour seen on one item moves its neighbours in text as well, and
// rare items stay in place. Legend: N items, F features, d width.
import { occurringItems } from '../interactions/occurring-items.ts';
import type { Values } from '../network/scope.ts';
import { FROZEN_PARAMETERS, historyTrust, RESIDUAL } from '../recommenders/item-table.ts';
import type { TrainingOptions } from '../recommenders/recommender.ts';
import { type SequenceModel, trainSequenceModel } from '../recommenders/sequence-model.ts';
import { type BlockScaling, blockScalings, type FeatureBlock, joinBlocks } from './item-features.ts';
import type { AdapterMember } from './merge-adapters.ts';

export interface LearntAdapter extends AdapterMember {
  readonly epochs: number;
  /**
   * NDCG@10 of the recommender that it was learnt through, on what of validation occurs in the sequences;
   * absent where nothing was validated.
   */
  readonly validationNdcg?: number;
  /**
   * All that was learnt, by parameter, for another fit to start from: the residual has a row each item of the
   * catalogue, zeros where one does not occur.
   */
  readonly values: Values;
}

/** What is learnt from. */
export interface AdapterLesson {
  /** What is known of each user, oldest first: items that occur in it have a residual, and trust by it. */
  readonly sequences: readonly Int32Array[];
  /** What the training steps through, of that. */
  readonly practised: readonly Int32Array[];
}

export interface AdapterOptions extends Omit<TrainingOptions, 'table'> {
  readonly hidden: number;
  /** What the blocks are centred by; left out, their own means. */
  readonly scalings?: readonly BlockScaling[];
}

/**
 * Learns one adapter, and a residual for each item that occurs in the sequences, through a recommender's own
 * loss over these items. One that does not occur is never a target: as a negative of every step it, and with
 * it all that a cold item looks like, would only be pushed away (docs/LOG.md). `start` is as `values` of an
 * earlier fit, its residual in the order of this catalogue.
 */
export async function learnAdapter(
  blocks: readonly FeatureBlock[],
  model: SequenceModel,
  { sequences, practised }: AdapterLesson,
  { hidden, scalings = blockScalings(blocks), stopping, start, ...training }: AdapterOptions,
): Promise<LearntAdapter> {
  const { items, rows, inCatalogue, renumbered, occurring } = occurringItems(sequences, model.itemCount);
  const width = blocks.reduce((sum, block) => sum + block.width, 0);
  const features = rows(joinBlocks(blocks, scalings), width);
  const histories = renumbered(sequences);
  const trust = historyTrust(histories, items.length);
  const { recommender, values, itemVectors, bestEpoch, history } = await trainSequenceModel(
    { ...model, itemCount: items.length, repeatable: rows(model.repeatable, 1) },
    practised === sequences ? histories : renumbered(practised),
    {
      ...training,
      table: { kind: 'dual', features, hidden, trust },
      stopping:
        stopping.kind === 'early' ? { ...stopping, validation: occurring(stopping.validation) } : stopping,
      start: start && withResidual(start, (residual) => rows(residual, model.width)),
    },
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
    validationNdcg: history[bestEpoch]?.metric,
    values: withResidual(new Map([...values].filter(([name]) => !FROZEN_PARAMETERS.has(name))), (residual) =>
      inCatalogue(residual, model.width),
    ),
  };
}

/** The same values with other rows of the residual. */
function withResidual(values: Values, rowsOf: (residual: Float32Array) => Float32Array): Values {
  const given = values.get(RESIDUAL);
  if (!given) return values;
  const [, width] = given.shape;
  const rows = rowsOf(given.values);
  return new Map([...values, [RESIDUAL, { shape: [rows.length / width, width], values: rows }]]);
}
