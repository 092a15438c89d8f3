// Layers that models share. Legend: B batch, L length, d width, H heads, h = d / H, ... any leading
// dimensions.
import {
  add,
  equal,
  layerNormalization,
  matmul,
  multiply,
  reshape,
  rmsNormalization,
  softmax,
  swapLast,
  transpose,
} from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import { ones, type Scope, xavier, zeros } from './scope.ts';

/** x [..., n] -> x W + b [..., outputs]; W [n, outputs]. */
export function linear(scope: Scope, name: string, x: Tensor, outputs: number): Tensor {
  const own = scope.within(name);
  const weight = own.parameter('weight', [x.shape.at(-1)!, outputs], xavier);
  return add(matmul(x, weight), own.parameter('bias', [outputs], zeros));
}

export function layerNorm(scope: Scope, name: string, x: Tensor, epsilon = 1e-8): Tensor {
  const own = scope.within(name);
  const width = [x.shape.at(-1)!];
  return layerNormalization(
    x,
    own.parameter('weight', width, ones),
    own.parameter('bias', width, zeros),
    epsilon,
  );
}

export function rmsNorm(scope: Scope, name: string, x: Tensor, epsilon = 1e-6): Tensor {
  return rmsNormalization(x, scope.within(name).parameter('weight', [x.shape.at(-1)!], ones), epsilon);
}

/** [B, L, d] -> [B, H, L, h]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [B, L, d] = x.shape;
  if (heads === 1) return reshape(x, [B, 1, L, d]);
  return transpose(reshape(x, [B, L, heads, d / heads]), [0, 2, 1, 3]);
}

/** [B, H, L, h] -> [B, L, d]. */
export function mergeHeads(x: Tensor): Tensor {
  const [B, H, L, h] = x.shape;
  if (H === 1) return reshape(x, [B, L, h]);
  return reshape(transpose(x, [0, 2, 1, 3]), [B, L, H * h]);
}

/**
 * softmax(q k^T / sqrt(h) + mask) v with dropout on the weights; q [B, H, M, h], k, v [B, H, L, h], mask
 * broadcasts to [B, H, M, L]. Scaling q costs d multiplications a row where scaling the product costs L.
 */
export function attention(
  scope: Scope,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor,
  dropout: number,
): Tensor {
  const scores = add(matmul(multiply(q, 1 / Math.sqrt(q.shape.at(-1)!)), swapLast(k)), mask);
  return matmul(scope.dropout(softmax(scores), dropout), v);
}

/**
 * x [B, L, n], or [1, L, n] for all rows -> what stands at each row's own position, of `positions` [B]: [B,
 * 1, n].
 */
export function positionsAt(x: Tensor, positions: Tensor): Tensor {
  const [B] = positions.shape;
  const L = x.shape[1];
  const all = x.graph.constant(
    Array.from({ length: L }, (_, i) => i),
    [1, L],
    'int32',
  );
  return matmul(reshape(equal(all, reshape(positions, [B, 1])), [B, 1, L]), x);
}

/** 0 where a position may look (itself and before), a large negative number elsewhere: [1, 1, L, L]. */
export function causalMask(scope: Scope, L: number): Tensor {
  const values = Float32Array.from({ length: L * L }, (_, i) => (i % L <= Math.floor(i / L) ? 0 : -1e9));
  return scope.graph.constant(values, [1, 1, L, L]);
}

/** Cosines and sines [1, 1, L, h] of position times frequency. */
export interface RotaryTable {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/**
 * frequencies [h / 2] in radians a position; `scale` stretches what is rotated. Angles are rounded to
 * float32, as they are where models are trained.
 */
export function rotaryTable(
  scope: Scope,
  L: number,
  frequencies: readonly number[],
  scale: number,
): RotaryTable {
  const { cosines, sines } = rotaryValues(0, L, frequencies, scale);
  const table = (values: Float32Array) => scope.graph.constant(values, [1, 1, L, 2 * frequencies.length]);
  return { cosines: table(cosines), sines: table(sines) };
}

/** What stands in such a table for L positions from `first` on [L, h]. */
export function rotaryValues(first: number, L: number, frequencies: readonly number[], scale: number) {
  const half = frequencies.length;
  const angle = (i: number) => Math.fround((first + Math.floor(i / (2 * half))) * frequencies[i % half]);
  const table = (f: (angle: number) => number) =>
    Float32Array.from({ length: L * 2 * half }, (_, i) => f(angle(i)) * scale);
  return { cosines: table(Math.cos), sines: table(Math.sin) };
}
