// The recurrence of a gated recurrent unit and its gradient, unrolled. What does not depend on the step
// before is computed for all steps at once, before and after. Rows are time-major, so that a step's are
// consecutive. Legend: T steps, B sequences, d width; h_ is the state of the step before, 0 at first.
//   r = sigmoid(xr + h_ Ur),  z = sigmoid(xz + h_ Uz),  m = h_ Un + cn,  n = tanh(xn + r * m)
//   k = 1 - a (1 - z),  h = n + k * (h_ - n)          a: the share by which a step may move the state
import type { Node } from './graph.ts';
import type { OnnxEmitter } from './onnx-emitter.ts';

/** [T B, d] -> T names of [B, d]. */
const steps = (onnx: OnnxEmitter, x: string, T: number) =>
  T === 1 ? [x] : onnx.node('Split', [x], { axis: 0, num_outputs: T }, T);
const join = (onnx: OnnxEmitter, parts: readonly string[]) => onnx.node('Concat', parts, { axis: 0 })[0];

export function gru({ inputs, attributes: { steps: T } }: Node<'gru'>, onnx: OnnxEmitter): readonly string[] {
  const [xr, xz, xn, Ur, Uz, Un, cn, shares] = inputs.map(({ name }) => name);
  const one = (opType: string, ...names: string[]) => onnx.node(opType, names)[0];
  const [xrs, xzs, xns] = [xr, xz, xn].map((x) => steps(onnx, x, T));
  const as = shares && steps(onnx, shares, T);
  const saved: Record<'h' | 'r' | 'z' | 'n' | 'm', string[]> = { h: [], r: [], z: [], n: [], m: [] };
  let h = one('Sub', xrs[0], xrs[0]); // zeros of the batch's size, which may be open
  for (let t = 0; t < T; t++) {
    const r = one('Sigmoid', one('Gemm', h, Ur, xrs[t]));
    const z = one('Sigmoid', one('Gemm', h, Uz, xzs[t]));
    const m = one('Gemm', h, Un, cn);
    const n = one('Tanh', one('Add', xns[t], one('Mul', r, m)));
    const keep = as ? one('Sub', onnx.float(1), one('Mul', as[t], one('Sub', onnx.float(1), z))) : z;
    h = one('Add', n, one('Mul', keep, one('Sub', h, n)));
    for (const [name, value] of Object.entries({ h, r, z, n, m })) saved[name as 'h'].push(value);
  }
  return [saved.h, saved.r, saved.z, saved.n, saved.m].map((parts) => join(onnx, parts));
}

/**
 * Before the gates' functions dz = dh z', dr = dh r', dm = dh m' and dn = dh n'; the derivatives wait for no
 * step:
 *   n' = (1 - k) (1 - n^2),  m' = n' r,  r' = n' m r (1 - r),  z' = (h_ - n) a z (1 - z)
 * What a step has to wait for is dh_ = dh k + [dr dz dm] [Ur Uz Un]^T; and da = dh (n - h_) (1 - z).
 */
export function gruGradient(
  { inputs, attributes: { steps: T } }: Node<'gruGradient'>,
  onnx: OnnxEmitter,
): readonly string[] {
  const [dh, h, r, z, n, m, Ur, Uz, Un, shares] = inputs.map(({ name }) => name);
  const d = inputs[1].shape[1];
  const one = (opType: string, ...names: string[]) => onnx.node(opType, names)[0];
  const rest = (x: string) => one('Sub', onnx.float(1), x);
  const hs = steps(onnx, h, T);
  const before = join(onnx, [one('Sub', hs[0], hs[0]), ...hs.slice(0, -1)]);
  const move = shares ? one('Mul', shares, rest(z)) : rest(z); // 1 - k
  const keep = shares ? rest(move) : z;
  const behind = one('Sub', before, n);
  const nDerivative = one('Mul', move, rest(one('Mul', n, n)));
  const mDerivative = one('Mul', nDerivative, r);
  const rDerivative = one('Mul', one('Mul', mDerivative, m), rest(r));
  const zDerivative = one('Mul', one('Mul', behind, z), move);

  // Derivatives side by side [T B, 3, d], so that a step is one product with [Ur Uz Un]^T [3 d, d].
  const [derivatives] = onnx.node('Reshape', [
    ...onnx.node('Concat', [rDerivative, zDerivative, mDerivative], { axis: 1 }),
    onnx.int64([-1, 3, d]),
  ]);
  const [weights] = onnx.node('Transpose', onnx.node('Concat', [Ur, Uz, Un], { axis: 1 }), { perm: [1, 0] });
  const [dhs, ks, ss] = [dh, keep, derivatives].map((x) => steps(onnx, x, T));
  const states: string[] = [];
  let state = dhs[T - 1];
  for (let t = T - 1; t >= 0; t--) {
    states[t] = state;
    if (t === 0) break;
    const wide = one('Mul', one('Reshape', state, onnx.int64([-1, 1, d])), ss[t]);
    const gates = one('Reshape', wide, onnx.int64([-1, 3 * d]));
    state = one('Gemm', gates, weights, one('Add', one('Mul', state, ks[t]), dhs[t - 1]));
  }
  const all = join(onnx, states);
  const ofGates = [rDerivative, zDerivative, nDerivative, mDerivative].map((derivative) =>
    one('Mul', all, derivative),
  );
  if (!shares) return ofGates;
  const moved = one('Mul', one('Mul', all, one('Neg', behind)), rest(z));
  return [...ofGates, ...onnx.node('ReduceSum', [moved, onnx.int64([1])], { keepdims: 1 })];
}
