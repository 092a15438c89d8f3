// What model code calls: one function an operation, numbers allowed where a scalar fits, and what is
// composed from operations (means, activations). Legend: ... any leading dimensions.
import type { Shape, Tensor } from './graph.ts';
import { sizeOf } from './graph.ts';

type Operand = Tensor | number;

const lift = (x: Operand, other: Operand): Tensor =>
  typeof x === 'number' ? (other as Tensor).graph.scalar(x) : x;
const binary =
  (operation: 'add' | 'subtract' | 'multiply' | 'divide' | 'minimum' | 'equal') =>
  (a: Operand, b: Operand) => {
    const [left, right] = [lift(a, b), lift(b, a)];
    return left.graph.apply(operation, [left, right], {})[0];
  };
const unary =
  (
    operation:
      | 'exp'
      | 'log'
      | 'sqrt'
      | 'tanh'
      | 'sigmoid'
      | 'silu'
      | 'erf'
      | 'relu'
      | 'isPositive'
      | 'softmax'
      | 'logSoftmax',
  ) =>
  (x: Tensor): Tensor =>
    x.graph.apply(operation, [x], {})[0];

export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const divide = binary('divide');
export const minimum = binary('minimum');
/** Of indices: 1 where they are the same, else 0; not differentiable. */
export const equal = binary('equal');

export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
/** x * sigmoid(x) (SiLU, the gate of SwiGLU). */
export const silu = unary('silu');
export const erf = unary('erf');
export const relu = unary('relu');
/** 1 where x > 0 (by more than 1e-30), else 0; not differentiable. */
export const isPositive = unary('isPositive');
/** Over the last axis. */
export const softmax = unary('softmax');
/** Over the last axis. */
export const logSoftmax = unary('logSoftmax');

export const matmul = (a: Tensor, b: Tensor): Tensor => a.graph.apply('matmul', [a, b], {})[0];

export const reshape = (x: Tensor, shape: Shape): Tensor =>
  String(shape) === String(x.shape) ? x : x.graph.apply('reshape', [x], { shape })[0];

export const transpose = (x: Tensor, permutation: readonly number[]): Tensor =>
  x.graph.apply('transpose', [x], { permutation })[0];

/** Swaps the last two axes. */
export function swapLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  const n = axes.length;
  return transpose(x, [...axes.slice(0, n - 2), n - 1, n - 2]);
}

export const expand = (x: Tensor, shape: Shape): Tensor =>
  String(shape) === String(x.shape) ? x : x.graph.apply('expand', [x], { shape })[0];

export const slice = (x: Tensor, axis: number, start: number, end: number): Tensor =>
  start === 0 && end === x.shape[axis] ? x : x.graph.apply('slice', [x], { axis, start, end })[0];

export const concatenate = (inputs: readonly Tensor[], axis: number): Tensor =>
  inputs.length === 1 ? inputs[0] : inputs[0].graph.apply('concatenate', inputs, { axis })[0];

/** Sum over the axes (all of them by default), which stay as 1 with `keep`. */
export function sum(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor {
  return axes.length === 0 ? x : x.graph.apply('sum', [x], { axes, keep })[0];
}

export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor {
  return multiply(sum(x, axes, keep), 1 / sizeOf(axes.map((axis) => x.shape[axis])));
}

export const layerNormalization = (x: Tensor, scale: Tensor, shift: Tensor, epsilon: number): Tensor =>
  x.graph.apply('layerNormalization', [x, scale, shift], { epsilon })[0];

export const rmsNormalization = (x: Tensor, scale: Tensor, epsilon: number): Tensor =>
  x.graph.apply('rmsNormalization', [x, scale], { epsilon })[0];

/**
 * Turns the pairs of x [B, H, L, h], entry i of the first half with entry i of the second, by the angles
 * whose cosines and sines [1, 1, L, h] these are; both halves of a table are the same.
 */
export const rotate = (x: Tensor, cosines: Tensor, sines: Tensor): Tensor =>
  x.graph.apply('rotate', [x, cosines, sines], {})[0];

/** table [V, d], indices [...] -> [..., d]. */
export const gatherRows = (table: Tensor, indices: Tensor): Tensor =>
  table.graph.apply('gatherRows', [table, indices], {})[0];

/** values [..., d], indices [...] -> [rows, d]; rows named more than once are added up. */
export const scatterAddRows = (values: Tensor, indices: Tensor, rows: number): Tensor =>
  values.graph.apply('scatterAddRows', [values, indices], { rows })[0];

/**
 * x [M, d], forward [R], backward [M] -> [R, d]: rows of x in another order, some left out. `backward` is the
 * inverse of `forward`; M in `forward` (R in `backward`) stands for a row of zeros. Unlike gatherRows no row
 * is taken twice, so the gradient is a take too and not a scatter.
 */
export const takeRows = (x: Tensor, forward: Tensor, backward: Tensor): Tensor =>
  x.graph.apply('takeRows', [x, forward, backward], {})[0];

/**
 * The recurrence of a gated recurrent unit (onnx-gru.ts): what the input says at each gate xr, xz, xn [T B,
 * d], time-major, the state's weights Ur, Uz, Un [d, d] and cn [d], perhaps the share by which each step may
 * move the state [T B, 1] -> the state after each step [T B, d], from 0.
 */
export const gru = (
  gates: readonly [xr: Tensor, xz: Tensor, xn: Tensor],
  state: readonly [Ur: Tensor, Uz: Tensor, Un: Tensor, cn: Tensor],
  steps: number,
  shares?: Tensor,
): Tensor => gates[0].graph.apply('gru', [...gates, ...state, ...(shares ? [shares] : [])], { steps })[0];

/**
 * Full-softmax cross-entropy with a tied table: loss = sum_r weights[r] * -log softmax(h W^T)[r, targets[r]].
 * h [R, d], W [V, d], targets [R], weights [R] -> []. No [R, V] matrix outlives its block of rows.
 */
export const tiedCrossEntropy = (h: Tensor, W: Tensor, targets: Tensor, weights: Tensor): Tensor =>
  h.graph.apply('tiedCrossEntropy', [h, W, targets, weights], {})[0];

/** x * Phi(x), exact (Hendrycks and Gimpel, arXiv 1606.08415). */
export const gelu = (x: Tensor): Tensor => multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1));

/** log sigmoid(x) = min(x, 0) - log(1 + exp(-|x|)), which neither overflows nor loses what is close to 0. */
export const logSigmoid = (x: Tensor): Tensor =>
  subtract(minimum(x, 0), log(add(1, exp(minimum(x, multiply(x, -1))))));
