// GRU4Rec: session-based recommendations with recurrent networks (Hidasi et al., ICLR 2016, arXiv 1511.06939;
// losses of arXiv 1706.03847).
//
// Deviations from the papers and the authors' code, beside those of all sequence models (sequence-model.ts):
// - a window of a user's history starts from an empty state and is learnt through as a whole; there, parallel
//   sessions hand their states from step to step, and gradients end at each;
// - one embedding serves input and output (their "constrained embedding"), and a linear layer leads from a
//   state of another width to it; no bias an item;
// - scores are compared as they are, without a last activation (there tanh or ELU);
// - the unit is the one of cuDNN and PyTorch (network/gru.ts): the reset gate acts after the product;
// - dropout falls on the embeddings alone, not on the states;
// - Adam, not Adagrad with momentum.
import { gru } from '../network/gru.ts';
import { linear } from '../network/layers.ts';
import { gatherRows } from '../tensor/functions.ts';
import type { Encoder } from './encoder.ts';

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
