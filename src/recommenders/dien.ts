// DIEN: deep interest evolution network (Zhou et al., AAAI 2019, arXiv 1809.03672). A GRU extracts interests
// from the history, an auxiliary loss teaches it what comes next, and a second one (AUGRU) lets those evolve
// that the candidate calls for. Legend: B users, C candidates, L positions, d width.
//
// Deviations from the paper, beside those of all candidate models (candidate-model.ts):
// - PReLU's and Dice's place is taken by ReLU;
// - the layers that judge see the product of interest and candidate too, and have dropout;
// - the output is one logit, not a softmax over two;
// - the auxiliary loss is a mean over steps, not a sum over each history's;
// - a history is its last L items.
// The authors' code differs from both: a network of three layers compares states and items in the auxiliary
// loss, attention is another, and the sum of the history is judged too.
import { gru } from '../network/gru.ts';
import { linear } from '../network/layers.ts';
import { normal } from '../network/scope.ts';
import {
  add,
  concatenate,
  divide,
  gatherRows,
  logSigmoid,
  matmul,
  multiply,
  relu,
  reshape,
  slice,
  softmax,
  sum,
  swapLast,
} from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { CandidateScorer } from './candidate-model.ts';

export interface DienOptions {
  readonly layers: readonly number[];
  readonly dropout: number;
  /** Weight of the auxiliary loss (section 4.2: alpha, 1 in the authors' code). */
  readonly auxiliary: number;
}

export function dien({ layers, dropout, auxiliary }: DienOptions): CandidateScorer {
  return {
    readsHistory: true,
    negatives: 1,
    samplesPerStep: 256,
    judge(scope, { items, real, candidates }, table, wrongItems) {
      const [B, C] = candidates.shape;
      const [, L] = items.shape;
      const d = table.shape[1];
      const history = gatherRows(table, items); // [B, L, d]
      const candidate = gatherRows(table, candidates); // [B, C, d]
      const interests = gru(scope, 'extraction', history, d); // [B, L, d]

      // a_t = softmax over the real positions of h_t W e (section 4.3)
      const W = scope.parameter('attention', [d, d], normal(0.1));
      const padding = multiply(add(real, -1), 1e9);
      const scores = matmul(matmul(candidate, W), swapLast(interests)); // [B, C, L]
      const attention = softmax(add(scores, reshape(padding, [B, 1, L])));

      // Each candidate has an evolution of its own; padding has no share, so that the last state is the one
      // wanted.
      const shares = reshape(multiply(attention, reshape(real, [B, 1, L])), [B * C, L, 1]);
      const evolved = gru(scope, 'evolution', reshape(forEach(interests, C), [B * C, L, d]), d, shares);
      const interest = reshape(slice(evolved, 1, L - 1, L), [B, C, d]);
      let x = concatenate([interest, candidate, multiply(interest, candidate)], 2);
      layers.forEach((width, i) => {
        x = scope.dropout(relu(linear(scope, `layers.${i}`, x, width)), dropout);
      });
      const logits = reshape(linear(scope, 'output', x, 1), [B, C]);
      if (!wrongItems) return { logits };
      const wrong = gatherRows(table, wrongItems);
      return { logits, loss: multiply(auxiliaryLoss(interests, history, wrong, real), auxiliary) };
    },
  };
}

/** interests [B, L, d] -> the same for each of C candidates [B, C, L, d]. */
function forEach(interests: Tensor, C: number): Tensor {
  const [B, L, d] = interests.shape;
  return add(reshape(interests, [B, 1, L, d]), interests.graph.constant(new Float32Array(C), [1, C, 1, 1]));
}

/**
 * The mean over steps of -log sigmoid(h_t . e_{t+1}) - log sigmoid(-h_t . wrong_{t+1}) (section 4.2, equation
 * 6).
 */
function auxiliaryLoss(interests: Tensor, history: Tensor, wrong: Tensor, real: Tensor): Tensor {
  const L = interests.shape[1];
  const state = slice(interests, 1, 0, L - 1);
  const next = (x: Tensor) => slice(x, 1, 1, L);
  const product = (x: Tensor) => sum(multiply(state, next(x)), [2]); // [B, L - 1]
  const losses = add(logSigmoid(product(history)), logSigmoid(multiply(product(wrong), -1)));
  const isStep = next(real);
  return multiply(divide(sum(multiply(losses, isStep)), add(sum(isStep), 1e-6)), -1);
}
