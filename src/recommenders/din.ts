// DIN: deep interest network (Zhou et al., KDD 2018, arXiv 1706.06978). A user's interest is the sum of the
// history, each item weighted by an activation unit that sees it beside the candidate. Legend: B users, C
// candidates, L positions, d width.
//
// Deviations from the paper, beside those of all candidate models (candidate-model.ts):
// - the activation unit sees the elementwise product of the two items, not the outer one;
// - PReLU's and Dice's place is taken by the logistic function in that unit and by ReLU behind it;
// - the layers that judge see the product of interest and candidate too, and have dropout;
// - the output is one logit, not a softmax over two;
// - Adam, not SGD at a falling rate; no mini-batch aware regularisation (section 5.1);
// - a history is its last L items.
// The authors' code differs from both: its weights are a softmax.
import { linear } from '../network/layers.ts';
import type { Scope } from '../network/scope.ts';
import {
  add,
  concatenate,
  gatherRows,
  matmul,
  multiply,
  relu,
  reshape,
  sigmoid,
} from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { CandidateScorer } from './candidate-model.ts';

export interface DinOptions {
  /** Width of the activation unit (section 6.1: 36), and widths of the layers that judge (200, 80). */
  readonly activation: number;
  readonly layers: readonly number[];
  readonly dropout: number;
}

export function din({ activation, layers, dropout }: DinOptions): CandidateScorer {
  return {
    readsHistory: true,
    negatives: 1,
    samplesPerStep: 256,
    judge(scope, { items, real, candidates }, table) {
      const [B, C] = candidates.shape;
      const [, L] = items.shape;
      const history = gatherRows(table, items); // [B, L, d]
      const candidate = gatherRows(table, candidates); // [B, C, d]
      const weights = activationUnit(scope.within('activation'), history, candidate, activation);
      const interest = matmul(multiply(weights, reshape(real, [B, 1, L])), history); // [B, C, d]
      let x = concatenate([interest, candidate, multiply(interest, candidate)], 2);
      layers.forEach((width, i) => {
        x = scope.dropout(relu(linear(scope, `layers.${i}`, x, width)), dropout);
      });
      return { logits: reshape(linear(scope, 'output', x, 1), [B, C]) };
    },
  };
}

/**
 * history [B, L, d], candidate [B, C, d] -> weights [B, C, L], not normalised (section 4.3). The layer reads
 * both and their product; what it reads of each alone is computed once and not for each pair.
 */
function activationUnit(scope: Scope, history: Tensor, candidate: Tensor, width: number): Tensor {
  const [B, L, d] = history.shape;
  const C = candidate.shape[1];
  const each = reshape(history, [B, 1, L, d]);
  const ofCandidate = reshape(candidate, [B, C, 1, d]);
  const alone = add(
    reshape(linear(scope, 'history', history, width), [B, 1, L, width]),
    reshape(linear(scope, 'candidate', candidate, width), [B, C, 1, width]),
  );
  const together = linear(scope, 'product', multiply(each, ofCandidate), width);
  return reshape(linear(scope, 'output', sigmoid(add(alone, together)), 1), [B, C, L]);
}
