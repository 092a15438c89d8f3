// NCF, its fused form NeuMF: neural collaborative filtering (He et al., WWW 2017, arXiv 1708.05031). Users
// are known by row alone; the order of their history is not used. Legend: U users, N items, d width, B users,
// C candidates.
//   logit = h . [p_u * q_i ; MLP([p'_u ; q'_i])]
//
// Deviations from the paper, beside those of all candidate models (candidate-model.ts):
// - both parts are trained together from noise, without their pre-training one by one, and by Adam
//   throughout;
// - both have embeddings of the width d, whatever the layers' widths; the output has a bias, as in the
//   authors' code;
// - dropout between the layers of the MLP;
// - tables start from a deviation of 0.02, not 0.01;
// - who has no interaction in training (the time split has such users) is ranked by a row that nothing was
//   learnt for.
import { linear } from '../network/layers.ts';
import { normal, type Scope } from '../network/scope.ts';
import { add, concatenate, gatherRows, multiply, relu, reshape } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import type { CandidateScorer } from './candidate-model.ts';

export interface NcfOptions {
  readonly userCount: number;
  /** Widths of the MLP's layers behind its inputs (section 3.3: a tower that halves). */
  readonly layers: readonly number[];
  readonly dropout: number;
}

export function ncf({ userCount, layers, dropout }: NcfOptions): CandidateScorer {
  return {
    readsHistory: false,
    negatives: 4,
    samplesPerStep: 1024,
    judge(scope, { users, candidates }, table) {
      const [N, d] = table.shape;
      const [B, C] = candidates.shape;
      const userRow = (part: string) =>
        reshape(gatherRows(userTable(scope, part, userCount, d), users), [B, 1, d]);
      const itemRow = (items: Tensor) => gatherRows(items, candidates); // [B, C, d]
      const product = multiply(userRow('factors'), itemRow(table));
      const deepItems = scope.parameter('deep.items', [N, d], normal(0.02));
      // The first layer of the concatenation [user ; item], one part each.
      const [first, ...rest] = layers;
      const ofItem = linear(scope, 'deep.item', itemRow(deepItems), first);
      let x = relu(add(linear(scope, 'deep.user', userRow('deep'), first), ofItem));
      rest.forEach((width, i) => {
        x = relu(linear(scope, `deep.layers.${i}`, scope.dropout(x, dropout), width));
      });
      return { logits: reshape(linear(scope, 'output', concatenate([product, x], 2), 1), [B, C]) };
    },
  };
}

const userTable = (scope: Scope, part: string, U: number, d: number): Tensor =>
  scope.parameter(`${part}.users`, [U, d], normal(0.02));
