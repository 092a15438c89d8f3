// The gated recurrent unit (Cho et al., arXiv 1406.1078) in the form of cuDNN and PyTorch, where the reset gate acts after
// the product with the state. Unrolled: a graph has one set of nodes a position. Legend: B batch, L positions, d width.
//   r = sigmoid(W_r x + U_r h + b_r)
//   z = sigmoid(W_z x + U_z h + b_z)
//   n = tanh(W_n x + b_n + r * (U_n h + c_n))
//   h' = n + z * (h - n), from h = 0
import { add, matmul, multiply, sigmoid, stack, subtract, tanh, transpose, unstack } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import { linear } from './layers.ts';
import { type Scope, xavier, zeros } from './scope.ts';

/**
 * x [B, L, n] -> the state after each position [B, L, d]. With `attention` [B, L, 1] a position moves the state by its
 * share only: h' = h + a (1 - z) (n - h), the AUGRU of DIEN (arXiv 1809.03672, section 4.3).
 */
export function gru(scope: Scope, name: string, x: Tensor, d: number, attention?: Tensor): Tensor {
  const own = scope.within(name);
  const timeMajor = (sequence: Tensor) => unstack(transpose(sequence, [1, 0, 2]));
  const inputs = (gate: string) => timeMajor(linear(own, `input.${gate}`, x, d));
  const state = (gate: string) => own.parameter(`state.${gate}`, [d, d], xavier);
  const [xr, xz, xn] = [inputs('reset'), inputs('update'), inputs('candidate')];
  const [Ur, Uz, Un] = [state('reset'), state('update'), state('candidate')];
  const cn = own.parameter('state.bias', [d], zeros);
  const shares = attention && timeMajor(attention);
  let h: Tensor | undefined;
  const states = xr.map((_, t) => {
    const r = sigmoid(h ? add(xr[t], matmul(h, Ur)) : xr[t]);
    const z = sigmoid(h ? add(xz[t], matmul(h, Uz)) : xz[t]);
    const n = tanh(add(xn[t], multiply(r, h ? add(matmul(h, Un), cn) : cn)));
    const keep = shares ? subtract(1, multiply(shares[t], subtract(1, z))) : z;
    h = h ? add(n, multiply(keep, subtract(h, n))) : subtract(n, multiply(keep, n));
    return h;
  });
  return transpose(stack(states), [1, 0, 2]);
}
