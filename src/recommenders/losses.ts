// What a hidden state is trained to do: score the item that comes next above all others, or above a few sampled ones.
// Legend: R positions, N items, d width, k negatives.
import type { Random } from '../random.ts';
import {
  add,
  equal,
  gatherRows,
  log,
  logSigmoid,
  matmul,
  multiply,
  reshape,
  sigmoid,
  softmax,
  subtract,
  sum,
  swapLast,
  tiedCrossEntropy,
} from '../tensor/functions.ts';
import type { Graph, Tensor } from '../tensor/graph.ts';
import type { NegativeSampler } from './negatives.ts';

export type Loss =
  /** Softmax over the whole catalogue (Klenitskiy and Vasilev, arXiv 2309.07602). */
  | { readonly kind: 'cross-entropy' }
  /** Binary cross-entropy against negatives of each position's own (SASRec, arXiv 1808.09781, section III-E: one that the user lacks). */
  | { readonly kind: 'bce'; readonly negatives: number }
  /**
   * Generalised binary cross-entropy (gSASRec, arXiv 2308.07192, section 5): the positive's probability to the power of
   * beta, which undoes the overconfidence that sampling brings; `calibration` is its t, 1 for unbiased probabilities.
   * Deviation: all positions of a step share its negatives.
   */
  | { readonly kind: 'gbce'; readonly negatives: number; readonly calibration: number }
  /**
   * BPR-max (Hidasi and Karatzoglou, arXiv 1706.03847, section 3.3.2). Deviation: the negatives that a step's positions
   * share are drawn uniformly, not from the mini-batch and by popularity as in its section 3.1.
   */
  | { readonly kind: 'bpr-max'; readonly negatives: number; readonly regularisation: number };

type SampledLoss = Exclude<Loss, { readonly kind: 'cross-entropy' }>;

/** Inputs of the loss in a training graph. */
export interface Labels {
  /** The right items [R]. */
  readonly targets: Tensor;
  /** What each position counts [R]; 0 for one that is not real. */
  readonly weights: Tensor;
  readonly negatives?: Tensor;
}

export function labelInputs(graph: Graph, loss: Loss, R: number): Labels {
  const targets = graph.input('targets', [R], 'int32');
  const weights = graph.input('weights', [R]);
  if (loss.kind === 'cross-entropy') return { targets, weights };
  const shape = loss.kind === 'bce' ? [R, loss.negatives] : [loss.negatives];
  return { targets, weights, negatives: graph.input('negatives', shape, 'int32') };
}

/**
 * Fresh negatives for a step of R positions: uniform over the catalogue where all positions share them, over what is
 * offered to its user where each has its own. `owners` are the sequences of the positions that have a target, in order.
 */
export function drawNegatives(
  loss: Loss,
  R: number,
  owners: readonly Int32Array[],
  sampler: NegativeSampler,
  random: Random,
): Record<string, Int32Array> {
  if (loss.kind === 'cross-entropy') return {};
  const k = loss.negatives;
  if (loss.kind !== 'bce') return { negatives: Int32Array.from({ length: k }, () => sampler.any(random)) };
  const negatives = new Int32Array(R * k);
  owners.forEach((sequence, r) => {
    for (let i = r * k; i < (r + 1) * k; i++) negatives[i] = sampler.notOf(sequence, random);
  });
  return { negatives };
}

/** sum_r weights[r] * loss of position r; h [R, d], E [N, d] -> []. */
export function lossOf(loss: Loss, h: Tensor, E: Tensor, { targets, weights, negatives }: Labels): Tensor {
  if (loss.kind === 'cross-entropy') return tiedCrossEntropy(h, E, targets, weights);
  const [R, d] = h.shape;
  const positive = sum(multiply(h, gatherRows(E, targets)), [1], true); // [R, 1]
  const others = gatherRows(E, negatives!); // [R, k, d] or [k, d]
  const drawn = // [R, k]
    loss.kind === 'bce'
      ? reshape(matmul(others, reshape(h, [R, d, 1])), [R, loss.negatives])
      : matmul(h, swapLast(others));
  // A right item that was drawn as a negative does not count as one.
  const isRight = equal(reshape(targets, [R, 1]), negatives!);
  const negative = add(drawn, multiply(isRight, LEFT_OUT));
  const perPosition = lossOfScores(loss, positive, drawn, negative, E.shape[0]);
  return sum(multiply(reshape(perPosition, [R]), weights));
}

/** A score whose sigmoid and whose share of a softmax are 0. */
const LEFT_OUT = -1e9;

/** Scores of the right item [R, 1], of what was drawn [R, k], and those left out that are right -> loss [R, 1]. */
function lossOfScores(loss: SampledLoss, positive: Tensor, drawn: Tensor, negative: Tensor, N: number): Tensor {
  switch (loss.kind) {
    case 'bce':
      return binaryCrossEntropy(positive, negative, 1);
    case 'gbce': {
      const { negatives: k, calibration: t } = loss;
      const alpha = k / (N - 1);
      return binaryCrossEntropy(positive, negative, alpha * (t * (1 - 1 / alpha) + 1 / alpha));
    }
    case 'bpr-max': {
      const s = softmax(negative);
      const won = sum(multiply(s, sigmoid(subtract(positive, negative))), [1], true);
      const large = sum(multiply(s, multiply(drawn, drawn)), [1], true);
      return subtract(multiply(large, loss.regularisation), log(add(won, 1e-24)));
    }
  }
}

/** -beta log sigmoid(s+) - sum log sigmoid(-s-) */
const binaryCrossEntropy = (positive: Tensor, negative: Tensor, beta: number): Tensor =>
  subtract(multiply(logSigmoid(positive), -beta), sum(logSigmoid(multiply(negative, -1)), [1], true));
