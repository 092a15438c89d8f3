// What shape and type each operation gives, and what it refuses. Legend: ... any leading dimensions,
// R rows, V catalogue or vocabulary size, d width.
import type { Attributes, OperationName } from './operations.ts';
import { type Shape, sizeOf, type TensorType } from './shape.ts';

type ShapeRule<N extends OperationName> = (
  inputs: readonly TensorType[],
  attributes: Attributes<N>,
) => readonly TensorType[];

const float = (shape: Shape): TensorType => ({ shape, type: 'float32' });
const same = ([x]: readonly TensorType[]): TensorType[] => [{ shape: x.shape, type: x.type }];
const broadcast = ([a, b]: readonly TensorType[]): TensorType[] => [
  { shape: broadcastShapes(a.shape, b.shape), type: a.type },
];

export const shapeRules: { readonly [N in OperationName]: ShapeRule<N> } = {
  add: broadcast,
  subtract: broadcast,
  multiply: broadcast,
  divide: broadcast,
  minimum: broadcast,
  // indices a, b -> 1 where they are the same, else 0
  equal: ([a, b]) => {
    check(
      a.type === 'int32' && b.type === 'int32',
      `cannot tell whether ${a.type} and ${b.type} are the same`,
    );
    return [float(broadcastShapes(a.shape, b.shape))];
  },
  exp: same,
  log: same,
  sqrt: same,
  tanh: same,
  sigmoid: same,
  silu: same,
  erf: same,
  relu: same,
  isPositive: same,
  reshape: ([x], { shape }) => {
    check(sizeOf(x.shape) === sizeOf(shape), `cannot reshape [${x.shape}] to [${shape}]`);
    return [{ shape, type: x.type }];
  },
  transpose: ([x], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b);
    check(
      sorted.length === x.shape.length && sorted.every((axis, i) => axis === i),
      `[${permutation}] does not permute the axes of [${x.shape}]`,
    );
    return [{ shape: permutation.map((axis) => x.shape[axis]), type: x.type }];
  },
  expand: ([x], { shape }) => {
    check(
      shape.every((n) => n > 0),
      `cannot expand to [${shape}]: its size is not known yet`,
    );
    check(
      String(broadcastShapes(x.shape, shape)) === String(shape),
      `cannot expand [${x.shape}] to [${shape}]`,
    );
    return [{ shape, type: x.type }];
  },
  slice: ([x], { axis, start, end }) => {
    check(
      0 <= start && start < end && end <= x.shape[axis],
      `cannot slice ${start}:${end} of axis ${axis} of [${x.shape}]`,
    );
    return [{ shape: x.shape.with(axis, end - start), type: x.type }];
  },
  concatenate: (inputs, { axis }) => {
    const [first] = inputs;
    check(
      inputs.every(
        (x) =>
          x.shape.length === first.shape.length &&
          x.shape.every((n, i) => i === axis || n === first.shape[i]),
      ),
      `cannot concatenate ${inputs.map((x) => `[${x.shape}]`).join(', ')} along axis ${axis}`,
    );
    const total = inputs.reduce((sum, x) => sum + x.shape[axis], 0);
    return [{ shape: first.shape.with(axis, total), type: first.type }];
  },
  sum: ([x], { axes, keep }) => {
    check(
      axes.every((axis) => 0 <= axis && axis < x.shape.length),
      `axes [${axes}] are not all axes of [${x.shape}]`,
    );
    const shape = keep
      ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n))
      : x.shape.filter((_, i) => !axes.includes(i));
    return [float(shape)];
  },
  matmul: ([a, b]) => {
    check(
      a.shape.length >= 2 && b.shape.length >= 2 && a.shape.at(-1) === b.shape.at(-2),
      `cannot multiply [${a.shape}] by [${b.shape}]`,
    );
    const leading = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [float([...leading, a.shape.at(-2)!, b.shape.at(-1)!])];
  },
  softmax: same,
  logSoftmax: same,
  // x [..., d], scale [d], shift [d] -> y [..., d], mean [..., 1], inverse deviation [..., 1]
  layerNormalization: ([x, scale, shift]) => {
    check(
      isVector(scale, x.shape.at(-1)) && isVector(shift, x.shape.at(-1)),
      `scale and shift must be [${x.shape.at(-1)}]`,
    );
    const statistics = float([...x.shape.slice(0, -1), 1]);
    return [float(x.shape), statistics, statistics];
  },
  // x [..., d], scale [d] -> y [..., d], inverse root mean square [..., 1]
  rmsNormalization: ([x, scale]) => {
    check(isVector(scale, x.shape.at(-1)), `scale must be [${x.shape.at(-1)}]`);
    return [float(x.shape), float([...x.shape.slice(0, -1), 1])];
  },
  // x [B, H, L, h], cosines [1, 1, L, h], sines [1, 1, L, h] -> [B, H, L, h]
  rotate: ([x, cosines, sines]) => {
    const [, , L, h] = x.shape;
    check(
      x.shape.length === 4 && [cosines, sines].every(({ shape }) => String(shape) === `1,1,${L},${h}`),
      `cosines [${cosines.shape}] and sines [${sines.shape}] do not fit [${x.shape}]`,
    );
    return [float(x.shape)];
  },
  // table [V, d], indices [...] -> [..., d]
  gatherRows: ([table, indices]) => {
    check(table.shape.length === 2 && indices.type !== 'float32', `cannot gather rows of [${table.shape}]`);
    return [float([...indices.shape, table.shape[1]])];
  },
  // values [..., d], indices [...] -> [rows, d], repeated indices added up
  scatterAddRows: ([values, indices], { rows }) => {
    check(
      String(values.shape.slice(0, -1)) === String(indices.shape),
      `indices [${indices.shape}] must name each row of [${values.shape}]`,
    );
    return [float([rows, values.shape.at(-1)!])];
  },
  // x [M, d], forward [R] in [0, M], backward [M] in [0, R]: each the other's inverse; index M (or R) is a
  // zero row
  takeRows: ([x, forward, backward]) => {
    check(
      x.shape.length === 2 && forward.shape.length === 1 && isVector(backward, x.shape[0]),
      `cannot take rows of [${x.shape}] by [${forward.shape}] and back by [${backward.shape}]`,
    );
    return [float([forward.shape[0], x.shape[1]])];
  },
  // xr, xz, xn [T B, d], Ur, Uz, Un [d, d], cn [d], perhaps shares [T B, 1] -> h, r, z, n, m [T B, d]; T is
  // `steps`
  gru: ([xr, xz, xn, Ur, Uz, Un, cn, shares], { steps }) => {
    const [rows, d] = xr.shape;
    const square = (U: TensorType) => String(U.shape) === `${d},${d}`;
    check(
      [xz, xn].every((x) => String(x.shape) === String(xr.shape)) && rows % steps === 0,
      `gates [${xr.shape}], [${xz.shape}] and [${xn.shape}] are not of ${steps} steps`,
    );
    check(
      [Ur, Uz, Un].every(square) && isVector(cn, d),
      `the state's weights do not fit gates of width ${d}`,
    );
    check(
      !shares || String(shares.shape) === `${rows},1`,
      `shares must be [${rows}, 1], got [${shares?.shape}]`,
    );
    return Array.from({ length: 5 }, () => float(xr.shape));
  },
  // dh, h, r, z, n, m [T B, d], Ur, Uz, Un, perhaps shares -> dxr, dxz, dxn, dm [T B, d], perhaps dshares [T
  // B, 1]
  gruGradient: ([dh, , , , , , , , , shares]) => [
    ...Array.from({ length: 4 }, () => float(dh.shape)),
    ...(shares ? [float(shares.shape)] : []),
  ],
  // h [R, d], W [V, d], targets [R], weights [R] -> loss [], dloss/dh [R, d], dloss/dW [V, d]
  tiedCrossEntropy: ([h, W, targets, weights]) => {
    check(
      h.shape.length === 2 && W.shape.length === 2 && h.shape[1] === W.shape[1],
      `[${h.shape}] does not fit the table [${W.shape}]`,
    );
    check(
      isVector(targets, h.shape[0]) && isVector(weights, h.shape[0]),
      `targets and weights must be [${h.shape[0]}]`,
    );
    return [float([]), float(h.shape), float(W.shape)];
  },
};

/** NumPy's rule: aligned at the last axis, a 1 stretches. */
function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    check(m === n || m === 1 || n === 1, `shapes [${a}] and [${b}] do not broadcast`);
    return m === 1 ? n : m;
  });
}

const isVector = (x: TensorType, length: number | undefined) => x.shape.length === 1 && x.shape[0] === length;

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}
