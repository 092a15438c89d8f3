// What a sequence model is trained to do: which parts of the histories it learns from, what a step is fed
// beside their items, and the loss. The training loop (sequence-model.ts) knows none of it, so that a further
// objective changes nothing there. Legend: N items, d width, L length, B rows of l positions, R positions
// that have a target.
import { repeatedItems } from '../../interactions/occurring-items.ts';
import type { Scope } from '../../network/scope.ts';
import type { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/graph.ts';
import type { Feeds } from '../../tensor/session.ts';
import { comparedTable, type Encoder } from '../encoder.ts';
import { type BatchShape, nextItemWindows, type Window } from './batches.ts';
import { drawNegatives, type Loss, labelInputs, lossOf } from './losses.ts';
import { maskedWindows, paddingToken } from './masked-windows.ts';
import { createNegativeSampler } from './negatives.ts';

export interface Objective {
  /** What is learnt from of these histories. */
  examples(sequences: readonly Int32Array[], model: LearningModel): Examples;
  /**
   * Adds its inputs to the graph of a training step, and gives the scalar to minimise. Parameters of its own
   * belong into `scope`.
   */
  loss(scope: Scope, step: TrainingStep): Tensor;
}

/** What an objective may know of the model that learns. */
export interface LearningModel {
  readonly encoder: Encoder;
  readonly itemCount: number;
  /** L */
  readonly length: number;
}

export interface Examples {
  /** Each is learnt from once an epoch. */
  readonly windows: readonly Window[];
  /** What stands behind a short window. */
  readonly padding: number;
  /**
   * The feeds of one epoch's batches: of those inputs that `loss` adds and the batch (TrainingBatch) does not
   * have. The batches come in their order, each as the windows whose targets are the R positions.
   */
  feeds(shape: BatchShape, epoch: Random): (taken: readonly Window[]) => Feeds;
}

/** What a loss is computed from, in the graph of a training step. */
export interface TrainingStep {
  readonly model: LearningModel;
  /** Where the encoder's parameters are. */
  readonly encoderScope: Scope;
  /** The item table [N, d]. */
  readonly table: Tensor;
  /** R */
  readonly positions: number;
  /**
   * What `encode` makes of the batch's items [B, l] -> [B, l, k], at the positions that have a target [R, k].
   * It is asked for rows of each length, and can be asked once, for all hidden states that the loss needs.
   */
  atTargets(encode: (scope: Scope, items: Tensor) => Tensor): Tensor;
}

/** To score the right item above others: the one that comes next, or the one behind a mask. */
export interface ItemPrediction extends Objective {
  readonly criterion: Loss;
}

export const itemPrediction = (criterion: Loss): ItemPrediction => ({
  criterion,
  examples(sequences, { encoder: { task }, itemCount, length }) {
    const sampler = createNegativeSampler({ itemCount, repeatable: repeatedItems(sequences, itemCount) });
    const feeds: Examples['feeds'] = ({ positions }, epoch) => {
      const random = epoch.fork('negatives');
      return (taken) => drawNegatives(criterion, positions, taken, sampler, random);
    };
    return task === 'next item'
      ? { windows: nextItemWindows(sequences, length), padding: 0, feeds }
      : {
          windows: maskedWindows(sequences, length, task.maskedShare, itemCount),
          padding: paddingToken(itemCount),
          feeds,
        };
  },
  loss({ graph }, { model: { encoder, length }, encoderScope, table, positions, atTargets }) {
    const labels = labelInputs(graph, criterion, positions);
    const hidden = atTargets((scope, items) => encoder.hidden(scope, items, table, length));
    return lossOf(criterion, hidden, comparedTable(encoder, encoderScope, table), labels);
  },
});
