// How each operation is written in ONNX (opset 20). Most are one node; a form may use as many as it likes.
import type { Node, Shape, Tensor } from './graph.ts';
import { sizeOf } from './graph.ts';
import type { OnnxAttribute, OnnxEmitter } from './onnx-emitter.ts';
import { gru, gruGradient } from './onnx-gru.ts';
import type { OperationName } from './operations.ts';

const ONNX_FLOAT = 1; // TensorProto.FLOAT

/** Gives the names of the node's outputs. */
type OnnxForm<N extends OperationName> = (node: Node<N>, onnx: OnnxEmitter) => readonly string[];

const simple =
  (opType: string, attributes: Record<string, OnnxAttribute> = {}) =>
  ({ inputs }: { inputs: Node['inputs'] }, onnx: OnnxEmitter) =>
    onnx.node(opType, names(inputs), attributes);

export const onnxForms: { readonly [N in OperationName]: OnnxForm<N> } = {
  add: simple('Add'),
  subtract: simple('Sub'),
  multiply: simple('Mul'),
  divide: simple('Div'),
  minimum: simple('Min'),
  equal: ({ inputs }, onnx) => onnx.node('Cast', onnx.node('Equal', names(inputs)), { to: ONNX_FLOAT }),
  exp: simple('Exp'),
  log: simple('Log'),
  sqrt: simple('Sqrt'),
  tanh: simple('Tanh'),
  sigmoid: simple('Sigmoid'),
  silu: ({ inputs: [x] }, onnx) => onnx.node('Mul', [x.name, ...onnx.node('Sigmoid', [x.name])]),
  erf: simple('Erf'),
  relu: simple('Relu'),
  // max(0, min(1, alpha x)): a third of the time of Sign
  isPositive: simple('HardSigmoid', { alpha: { float: 1e30 }, beta: { float: 0 } }),
  reshape: ({ inputs: [x], attributes: { shape } }, onnx) => reshape(onnx, x.name, shape),
  transpose: ({ inputs: [x], attributes: { permutation } }, onnx) =>
    onnx.node('Transpose', [x.name], { perm: permutation }),
  expand: ({ inputs: [x], attributes: { shape } }, onnx) => onnx.node('Expand', [x.name, onnx.int64(shape)]),
  slice: ({ inputs: [x], attributes: { axis, start, end } }, onnx) =>
    onnx.node('Slice', [x.name, onnx.int64([start]), onnx.int64([end]), onnx.int64([axis])]),
  concatenate: ({ inputs, attributes: { axis } }, onnx) => onnx.node('Concat', names(inputs), { axis }),
  sum: ({ inputs: [x], attributes: { axes, keep } }, onnx) =>
    onnx.node('ReduceSum', [x.name, onnx.int64(axes)], { keepdims: keep ? 1 : 0 }),
  matmul: simple('MatMul'),
  softmax: simple('Softmax', { axis: -1 }),
  logSoftmax: simple('LogSoftmax', { axis: -1 }),
  layerNormalization: ({ inputs, attributes: { epsilon } }, onnx) =>
    onnx.node('LayerNormalization', names(inputs), { axis: -1, epsilon: { float: epsilon } }, 3),
  // An operator of ONNX Runtime: one pass where the standard ones take five.
  rmsNormalization: ({ inputs, attributes: { epsilon } }, onnx) =>
    onnx.node('SimplifiedLayerNormalization', names(inputs), { axis: -1, epsilon: { float: epsilon } }, 2),
  rotate: ({ inputs: [x, cosines, sines] }, onnx) => {
    const [, , L, h] = x.shape;
    const firstHalf = ({ name }: Tensor) => {
      const half = onnx.node('Slice', [name, onnx.int64([0]), onnx.int64([h / 2]), onnx.int64([3])]);
      return onnx.node('Reshape', [...half, onnx.int64([L, h / 2])])[0];
    };
    const firstPosition = onnx.int64([0]);
    return onnx.node('com.microsoft.RotaryEmbedding', [
      x.name,
      firstPosition,
      firstHalf(cosines),
      firstHalf(sines),
    ]);
  },
  gatherRows: simple('Gather', { axis: 0 }),
  scatterAddRows: ({ inputs: [values, indices], attributes: { rows } }, onnx) => [
    scatterAdd(onnx, values.name, indices, values.shape.at(-1)!, rows),
  ],
  takeRows: ({ inputs: [x, forward] }, onnx) => {
    const [zeroRow] = onnx.node('ConstantOfShape', [onnx.int64([1, x.shape[1]])]);
    const [padded] = onnx.node('Concat', [x.name, zeroRow], { axis: 0 });
    return onnx.node('Gather', [padded, forward.name], { axis: 0 });
  },
  gru,
  gruGradient,
  tiedCrossEntropy,
};

/**
 * Floats of one block of [rows, V] probabilities: small enough for a shared cache, large enough for the
 * matrix product.
 */
const BLOCK_FLOATS = 6_000_000;
/** log of the smallest probability that counts: below it a float32 is not a normal number. */
const LEAST_PROBABILITY = 1e-37;

/**
 * p = softmax(h W^T); loss = -sum s log p[target]; dh = (p W - W[target]) s; dW^T = (h s)^T p - scatter(h s
 * at target). Rows of width d are scaled by the weights s, never rows of width V, and the rows go in blocks,
 * so that the whole [R, V] never exists. ONNX Runtime fuses a Transpose into the product, which then turns
 * its left side anew for every 128 columns; so the small side, h s, is turned beforehand, by an Einsum, which
 * is not fused.
 */
function tiedCrossEntropy(
  { inputs: [h, W, targets, weights] }: Node<'tiedCrossEntropy'>,
  onnx: OnnxEmitter,
): readonly string[] {
  const [R] = h.shape;
  const V = W.shape[0];
  const blocks = Math.min(R, Math.ceil((R * V) / BLOCK_FLOATS));
  const blockRows = Math.ceil(R / blocks);
  const [transposed] = onnx.node('Transpose', [W.name], { perm: [1, 0] });
  const [s] = onnx.node('Reshape', [weights.name, onnx.int64([R, 1])]);
  const losses: string[] = [];
  const dhs: string[] = [];
  let dWTransposed: string | undefined;
  for (let from = 0; from < R; from += blockRows) {
    const to = Math.min(R, from + blockRows);
    const block = (name: string) =>
      blocks === 1
        ? name
        : onnx.node('Slice', [name, onnx.int64([from]), onnx.int64([to]), onnx.int64([0])])[0];
    const [hBlock, sBlock, targetBlock] = [block(h.name), block(s), block(targets.name)];
    const [p] = onnx.node('Softmax', onnx.node('MatMul', [hBlock, transposed]), { axis: -1 });
    const [column] = onnx.node('Reshape', [targetBlock, onnx.int64([to - from, 1])]);
    const [picked] = onnx.node('GatherElements', [p, column], { axis: 1 });
    const [logPicked] = onnx.node('Log', onnx.node('Max', [picked, onnx.float(LEAST_PROBABILITY)]));
    losses.push(...onnx.node('ReduceSum', [onnx.node('Mul', [logPicked, sBlock])[0]], { keepdims: 0 }));
    const surprise = onnx.node('Sub', [picked, onnx.float(1)]);
    const [p1] = onnx.node('ScatterElements', [p, column, ...surprise], { axis: 1 });
    dhs.push(...onnx.node('Mul', [onnx.node('MatMul', [p1, W.name])[0], sBlock]));
    const [hsTransposed] = onnx.node('Einsum', onnx.node('Mul', [hBlock, sBlock]), { equation: 'ij->ji' });
    const [product] = onnx.node('MatMul', [hsTransposed, p1]);
    dWTransposed = dWTransposed === undefined ? product : onnx.node('Add', [dWTransposed, product])[0];
  }
  const join = (parts: string[]) =>
    parts.length === 1 ? parts[0] : onnx.node('Concat', parts, { axis: 0 })[0];
  const total = losses.reduce((sum, part) => onnx.node('Add', [sum, part])[0]);
  const [dW] = onnx.node('Transpose', [dWTransposed!], { perm: [1, 0] });
  return [...onnx.node('Neg', [total]), join(dhs), dW];
}

/**
 * values [..., width] added up into [rows, width] at the rows that `indices` names.
 * ScatterND with reduction "add" is shorter and wrong: ONNX Runtime runs it on several threads, which lose
 * updates of repeated rows (test/tensor/scatter.test.ts). ScatterElements runs on one; flat, it is the
 * fastest.
 */
function scatterAdd(onnx: OnnxEmitter, values: string, indices: Tensor, width: number, rows: number): string {
  const count = sizeOf(indices.shape);
  const columns = Array.from({ length: width }, (_, i) => i);
  const [column] = onnx.node('Reshape', [indices.name, onnx.int64([count, 1])]);
  const [starts] = onnx.node('Mul', [column, onnx.int32([width])]);
  const [positions] = onnx.node('Add', [starts, onnx.int32(columns)]);
  const [flatPositions] = onnx.node('Reshape', [positions, onnx.int64([count * width])]);
  const [flatValues] = onnx.node('Reshape', [values, onnx.int64([count * width])]);
  const [zeros] = onnx.node('ConstantOfShape', [onnx.int64([rows * width])]);
  const [flat] = onnx.node('ScatterElements', [zeros, flatPositions, flatValues], {
    axis: 0,
    reduction: 'add',
  });
  return onnx.node('Reshape', [flat, onnx.int64([rows, width])])[0];
}

/** Only one dimension can be open; ONNX infers it from -1. */
const reshape = (onnx: OnnxEmitter, x: string, shape: Shape) =>
  onnx.node('Reshape', [x, onnx.int64(shape.map((n) => Math.max(n, -1)))]);

const names = (tensors: Node['inputs']) => tensors.map((tensor) => tensor.name);
