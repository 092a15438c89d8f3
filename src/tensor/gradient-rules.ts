// How a gradient flows back through each operation: for each input a thunk that builds its gradient, or null
// where there is none. Thunks, because an input that needs no gradient (a constant, a frozen weight) then
// costs nothing. `g` is the gradient of the operation's first output.
import {
  add,
  concatenate,
  divide,
  exp,
  expand,
  gatherRows,
  isPositive,
  matmul,
  mean,
  multiply,
  reshape,
  rotate,
  scatterAddRows,
  sigmoid,
  slice,
  subtract,
  sum,
  swapLast,
  takeRows,
  transpose,
} from './functions.ts';
import type { Node, Shape, Tensor } from './graph.ts';
import { sizeOf } from './graph.ts';
import type { OperationName } from './operations.ts';

type InputGradients = readonly ((() => Tensor) | null)[];
type GradientRule<N extends OperationName> = (node: Node<N>, g: Tensor) => InputGradients;

export const gradientRules: { readonly [N in OperationName]: GradientRule<N> } = {
  add: ({ inputs: [a, b] }, g) => [() => sumTo(g, a.shape), () => sumTo(g, b.shape)],
  subtract: ({ inputs: [a, b] }, g) => [() => sumTo(g, a.shape), () => sumTo(multiply(g, -1), b.shape)],
  multiply: ({ inputs: [a, b] }, g) => [
    () => sumTo(multiply(g, b), a.shape),
    () => sumTo(multiply(g, a), b.shape),
  ],
  divide: ({ inputs: [a, b], outputs: [y] }, g) => [
    () => sumTo(divide(g, b), a.shape),
    () => sumTo(multiply(multiply(g, -1), divide(y, b)), b.shape),
  ],
  // Where they are equal it is a that learns: one of them has to.
  minimum: ({ inputs: [a, b] }, g) => [
    () => sumTo(multiply(g, subtract(1, isLess(b, a))), a.shape),
    () => sumTo(multiply(g, isLess(b, a)), b.shape),
  ],
  equal: () => [null, null],
  exp: ({ outputs: [y] }, g) => [() => multiply(g, y)],
  log: ({ inputs: [x] }, g) => [() => divide(g, x)],
  sqrt: ({ outputs: [y] }, g) => [() => divide(multiply(g, 0.5), y)],
  tanh: ({ outputs: [y] }, g) => [() => multiply(g, subtract(1, multiply(y, y)))],
  sigmoid: ({ outputs: [y] }, g) => [() => multiply(g, multiply(y, subtract(1, y)))],
  // s = sigmoid(x), y = x s; dx = g (s + y (1 - s)) = g (y + s (1 - y))
  silu: ({ inputs: [x], outputs: [y] }, g) => [
    () => multiply(g, add(y, multiply(sigmoid(x), subtract(1, y)))),
  ],
  erf: ({ inputs: [x] }, g) => [
    () => multiply(g, multiply(exp(multiply(multiply(x, x), -1)), 2 / Math.sqrt(Math.PI))),
  ],
  relu: ({ outputs: [y] }, g) => [() => multiply(g, isPositive(y))],
  isPositive: () => [null],
  reshape: ({ inputs: [x] }, g) => [() => reshape(g, x.shape)],
  transpose: ({ attributes: { permutation } }, g) => [
    () =>
      transpose(
        g,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
  expand: ({ inputs: [x] }, g) => [() => sumTo(g, x.shape)],
  slice: ({ inputs: [x], attributes: { axis, start, end } }, g) => [
    () => {
      const zeros = (length: number) => expand(g.graph.scalar(0), x.shape.with(axis, length));
      const parts = [g];
      if (start > 0) parts.unshift(zeros(start));
      if (end < x.shape[axis]) parts.push(zeros(x.shape[axis] - end));
      return concatenate(parts, axis);
    },
  ],
  concatenate: ({ inputs, attributes: { axis } }, g) => {
    let end = 0;
    return inputs.map((x) => {
      end += x.shape[axis];
      const [from, to] = [end - x.shape[axis], end];
      return () => slice(g, axis, from, to);
    });
  },
  sum: ({ inputs: [x], attributes: { axes } }, g) => [
    () =>
      expand(
        reshape(
          g,
          x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
        ),
        x.shape,
      ),
  ],
  matmul: ({ inputs: [a, b] }, g) => [
    () => sumTo(matmul(g, swapLast(b)), a.shape),
    () => (b.shape.length === 2 ? productOverRows(rows(a), rows(g)) : sumTo(matmul(swapLast(a), g), b.shape)),
  ],
  // dx = y * (g - sum(g * y))
  softmax: ({ outputs: [y] }, g) => [
    () => {
      const gy = multiply(g, y);
      return subtract(gy, multiply(y, sum(gy, lastAxis(y), true)));
    },
  ],
  // dx = g - softmax(x) * sum(g)
  logSoftmax: ({ outputs: [y] }, g) => [() => subtract(g, multiply(exp(y), sum(g, lastAxis(y), true)))],
  // x^ = (x - mean) * inverse; dx = inverse * (g * scale - mean(g * scale) - x^ * mean(g * x^ * scale))
  layerNormalization: ({ inputs: [x, scale, shift], outputs: [, average, inverse] }, g) => {
    const xHat = multiply(subtract(x, average), inverse);
    const gx = multiply(g, xHat);
    // The mean over the last axis of something times the scale: a product with a column.
    const scaledMean = (y: Tensor) => {
      const d = scale.shape[0];
      return reshape(matmul(rows(y), reshape(multiply(scale, 1 / d), [d, 1])), average.shape);
    };
    return [
      () => {
        const centred = subtract(multiply(g, scale), scaledMean(g));
        return multiply(inverse, subtract(centred, multiply(xHat, scaledMean(gx))));
      },
      () => sumTo(gx, scale.shape),
      () => sumTo(g, shift.shape),
    ];
  },
  // y = x * inverse * scale; dx = g * scale * inverse - x * inverse^2 * mean(g * y)
  rmsNormalization: ({ inputs: [x, scale], outputs: [y, inverse] }, g) => [
    () => {
      const share = multiply(multiply(inverse, inverse), mean(multiply(g, y), lastAxis(x), true));
      return subtract(multiply(multiply(g, scale), inverse), multiply(x, share));
    },
    () => sumTo(multiply(g, multiply(x, inverse)), scale.shape),
  ],
  // The inverse turns by the negative angle.
  rotate: ({ inputs: [, cosines, sines] }, g) => [() => rotate(g, cosines, multiply(sines, -1)), null, null],
  gatherRows: ({ inputs: [table, indices] }, g) => [() => scatterAddRows(g, indices, table.shape[0]), null],
  scatterAddRows: ({ inputs: [, indices] }, g) => [() => gatherRows(g, indices), null],
  takeRows: ({ inputs: [, forward, backward] }, g) => [() => takeRows(g, backward, forward), null, null],
  // The gradients before the gates; those of the state's weights are products over all steps at once.
  gru: ({ inputs, outputs: [h, r, z, n, m], attributes }, g) => {
    const [, , , Ur, Uz, Un, , shares] = inputs;
    const [dxr, dxz, dxn, dm, dshares] = g.graph.apply(
      'gruGradient',
      [g, h, r, z, n, m, Ur, Uz, Un, ...(shares ? [shares] : [])],
      attributes,
    );
    const [rows] = h.shape;
    const B = rows / attributes.steps;
    const ofState = (gate: Tensor) => () =>
      attributes.steps === 1
        ? expand(g.graph.scalar(0), Ur.shape)
        : productOverRows(slice(h, 0, 0, rows - B), slice(gate, 0, B, rows));
    return [
      () => dxr,
      () => dxz,
      () => dxn,
      ofState(dxr),
      ofState(dxz),
      ofState(dm),
      () => sumTo(dm, inputs[6].shape),
      ...(shares ? [() => dshares] : []),
    ];
  },
  gruGradient: ({ inputs }) => inputs.map(() => null),
  tiedCrossEntropy: ({ outputs: [, dh, dW] }, g) => [
    () => multiply(dh, g),
    () => multiply(dW, g),
    null,
    null,
  ],
};

const lastAxis = (x: Tensor) => [x.shape.length - 1];
/** 1 where a < b, else 0. */
const isLess = (a: Tensor, b: Tensor) => isPositive(subtract(b, a));
/**
 * g [..., n] -> [1, n]: a product with ones, which runs on all threads where a reduction over rows does not.
 */
function sumOverRows(g: Tensor, n: number): Tensor {
  const R = sizeOf(g.shape) / n;
  return matmul(expand(g.graph.scalar(1), [1, R]), reshape(g, [R, n]));
}

/** [..., k] -> [rows, k]. */
const rows = (x: Tensor) => reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);

/**
 * a^T b of a [R, k] and b [R, n], R large: ONNX Runtime splits a matrix product among threads by its output,
 * which is small here, so the rows go in a few batches whose products are added up.
 */
function productOverRows(a: Tensor, b: Tensor): Tensor {
  const [R, k] = a.shape;
  const n = b.shape[1];
  const batches = ROW_BATCHES.find((count) => R % count === 0 && R / count >= LEAST_BATCH_ROWS);
  if (!batches) return matmul(swapLast(a), b);
  const batched = (x: Tensor, width: number) => reshape(x, [batches, R / batches, width]);
  return sum(matmul(swapLast(batched(a, k)), batched(b, n)), [0]);
}

const ROW_BATCHES = [16, 8, 4, 2];
const LEAST_BATCH_ROWS = 256;

/** Undoes broadcasting: sums g over the axes that were stretched from `shape`. */
function sumTo(g: Tensor, shape: Shape): Tensor {
  const extra = g.shape.length - shape.length;
  if (extra > 0 && String(g.shape.slice(extra)) === String(shape))
    return reshape(sumOverRows(g, sizeOf(shape)), shape);
  const axes = g.shape.flatMap((n, i) => (i < extra || (shape[i - extra] === 1 && n !== 1) ? [i] : []));
  return reshape(sum(g, axes), shape);
}
