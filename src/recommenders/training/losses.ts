// What a hidden state is trained to do: score the item that comes next above all others, or above a few
// sampled ones. Legend: R positions, N items, d width, k negatives.
import type { Random } from '../../random.ts';
import {
  add,
  concatenate,
  equal,
  gatherRows,
  log,
  logSigmoid,
  matmul,
  multiply,
  reshape,
  sigmoid,
  slice,
  softmax,
  subtract,
  sum,
  swapLast,
  tiedCrossEntropy,
} from '../../tensor/functions.ts';
import type { Graph, Tensor } from '../../tensor/graph.ts';
import type { Window } from './batches.ts';
import type { NegativeSampler } from './negatives.ts';

export type Loss =
  /** Softmax over the whole catalogue (Klenitskiy and Vasilev, arXiv 2309.07602). */
  | { readonly kind: 'cross-entropy' }
  /**
   * Binary cross-entropy against negatives of each position's own (SASRec, arXiv 1808.09781, section III-E:
   * one that the user lacks).
   */
  | { readonly kind: 'bce'; readonly negatives: number }
  /**
   * Generalised binary cross-entropy (gSASRec, arXiv 2308.07192, section 5): the positive's probability to
   * the power of beta, which undoes the overconfidence that sampling brings; `calibration` is its t, 1 for
   * unbiased probabilities. Deviations: GROUP positions share their negatives (shared by a whole step they
   * taught nothing: docs/LOG.md); scores are relative to the base rate.
   */
  | { readonly kind: 'gbce'; readonly negatives: number; readonly calibration: number }
  /**
   * BPR-max (Hidasi and Karatzoglou, arXiv 1706.03847, section 3.3.2). Deviation: the negatives that a step's
   * positions share are drawn uniformly, not from the mini-batch and by popularity as in its section 3.1.
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
  return {
    targets,
    weights,
    negatives: graph.input('negatives', [groupsOf(loss, R), loss.negatives], 'int32'),
  };
}

const GROUP = 32;

/** How many sets of negatives R positions have: neighbours share one. */
function groupsOf({ kind }: SampledLoss, R: number): number {
  switch (kind) {
    case 'bce':
      return R;
    case 'gbce':
      return Math.ceil(R / GROUP);
    case 'bpr-max':
      return 1;
  }
}

/**
 * Fresh negatives for a step of R positions: uniform over the catalogue where positions share them, over what
 * is offered to its user where each has its own. `taken` are the windows whose targets the positions are, in
 * order.
 */
export function drawNegatives(
  loss: Loss,
  R: number,
  taken: readonly Pick<Window, 'sequence' | 'targets'>[],
  sampler: NegativeSampler,
  random: Random,
): Record<string, Int32Array> {
  if (loss.kind === 'cross-entropy') return {};
  const k = loss.negatives;
  const length = groupsOf(loss, R) * k;
  if (loss.kind !== 'bce') return { negatives: Int32Array.from({ length }, () => sampler.any(random)) };
  const negatives = new Int32Array(length);
  let next = 0;
  for (const { sequence, targets } of taken) {
    for (const end = next + targets * k; next < end; next++)
      negatives[next] = sampler.notOf(sequence, random);
  }
  return { negatives };
}

/** sum_r weights[r] * loss of position r; h [R, d], E [N, d] -> []. */
export function lossOf(loss: Loss, h: Tensor, E: Tensor, { targets, weights, negatives }: Labels): Tensor {
  if (loss.kind === 'cross-entropy') return tiedCrossEntropy(h, E, targets, weights);
  const [R, d] = h.shape;
  const [G, k] = negatives!.shape;
  const size = Math.ceil(R / G);
  const spare = G * size - R;
  /** [R, ...] -> [G, size, ...], the last group filled up. */
  const inGroups = (x: Tensor, width: number) => {
    const filler = () => x.graph.constant(new Float32Array(spare * width), [spare, width], x.type);
    const rows = reshape(x, [R, width]);
    return reshape(spare === 0 ? rows : concatenate([rows, filler()], 0), [G, size, width]);
  };
  const perPosition = (x: Tensor) => slice(reshape(x, [G * size, k]), 0, 0, R);
  const positive = sum(multiply(h, gatherRows(E, targets)), [1], true); // [R, 1]
  const drawn = perPosition(matmul(inGroups(h, d), swapLast(gatherRows(E, negatives!)))); // [R, k]
  // A right item that was drawn as a negative does not count as one.
  const isRight = perPosition(equal(inGroups(targets, 1), reshape(negatives!, [G, 1, k])));
  const negative = add(drawn, multiply(isRight, LEFT_OUT));
  const losses = lossOfScores(loss, positive, drawn, negative, E.shape[0]);
  return sum(multiply(reshape(losses, [R]), weights));
}

/** A score whose sigmoid and whose share of a softmax are 0. */
const LEFT_OUT = -1e9;

/**
 * Scores of the right item [R, 1], of what was drawn [R, k], and those left out that are right -> loss [R,
 * 1].
 */
function lossOfScores(
  loss: SampledLoss,
  positive: Tensor,
  drawn: Tensor,
  negative: Tensor,
  N: number,
): Tensor {
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

/**
 * -beta log sigmoid(s+) - sum log sigmoid(-s-), of scores raised by log(beta / k): what beta right and k
 * wrong answers give without any knowledge, so that scores of about 0 are where learning starts. It changes
 * no ranking.
 */
function binaryCrossEntropy(positive: Tensor, negative: Tensor, beta: number): Tensor {
  const baseRate = Math.log(beta / negative.shape[1]);
  const right = logSigmoid(add(positive, baseRate));
  const wrong = sum(logSigmoid(multiply(add(negative, baseRate), -1)), [1], true);
  return subtract(multiply(right, -beta), wrong);
}
