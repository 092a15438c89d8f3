// The gated recurrent unit (Cho et al., arXiv 1406.1078) in the form of cuDNN and PyTorch, where the reset
// gate acts after the product with the state. Legend: B batch, L positions, d width.
//   r = sigmoid(W_r x + U_r h + b_r)
//   z = sigmoid(W_z x + U_z h + b_z)
//   n = tanh(W_n x + b_n + r * (U_n h + c_n))
//   h' = n + z * (h - n), from h = 0
import { gru as recurrence, reshape, transpose } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import { linear } from './layers.ts';
import { type Scope, xavier, zeros } from './scope.ts';

/**
 * x [B, L, n] -> the state after each position [B, L, d]. With `attention` [B, L, 1] a position moves the
 * state by its share only: h' = h + a (1 - z) (n - h), the AUGRU of DIEN (arXiv 1809.03672, section 4.3).
 */
export function gru(scope: Scope, name: string, x: Tensor, d: number, attention?: Tensor): Tensor {
  const own = scope.within(name);
  const [B, L] = x.shape;
  const timeMajor = (sequence: Tensor) => {
    const width = sequence.shape[2];
    return reshape(transpose(sequence, [1, 0, 2]), [L * B, width]);
  };
  const inputs = timeMajor(x);
  const gate = (gateName: string) => linear(own, `input.${gateName}`, inputs, d);
  const state = (gateName: string) => own.parameter(`state.${gateName}`, [d, d], xavier);
  const states = recurrence(
    [gate('reset'), gate('update'), gate('candidate')],
    [state('reset'), state('update'), state('candidate'), own.parameter('state.bias', [d], zeros)],
    L,
    attention && timeMajor(attention),
  );
  return transpose(reshape(states, [L, B, d]), [1, 0, 2]);
}
