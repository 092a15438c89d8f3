// GRU4Rec: session-based recommendations with recurrent networks (Hidasi et al., ICLR 2016, arXiv 1511.06939; losses of
// arXiv 1706.03847).
//
// Deviations from the papers: one embedding serves input and output (their "constrained embedding"), the unit is the
// one of cuDNN and PyTorch (network/gru.ts), every position of a whole history is trained on at once instead of parallel
// sessions cut at each step, and the optimiser is Adam.
import { gru } from '../network/gru.ts';
import { linear } from '../network/layers.ts';
import { gatherRows } from '../tensor/functions.ts';
import type { Encoder } from './sequence-model.ts';

export interface Gru4RecOptions {
  readonly layers: number;
  /** Width of the recurrent state. */
  readonly hidden: number;
  readonly dropout: number;
}

export function gru4rec({ layers, hidden, dropout }: Gru4RecOptions): Encoder {
  return {
    task: 'next item',
    hidden(scope, items, table) {
      let x = scope.dropout(gatherRows(table, items), dropout);
      for (let i = 0; i < layers; i++) x = gru(scope, `layers.${i}`, x, hidden);
      const d = table.shape[1];
      return hidden === d ? x : linear(scope, 'output', x, d);
    },
  };
}
