// The closed list of operations. Each rule table (shapes, gradients, ONNX forms, and the test cases) is a
// total map over it, so an operation that lacks one of them does not compile. Everything else is composed
// from these in functions.ts.

interface OperationAttributes {
  // elementwise, with broadcasting
  add: object;
  subtract: object;
  multiply: object;
  divide: object;
  minimum: object;
  equal: object;
  // elementwise
  exp: object;
  log: object;
  sqrt: object;
  tanh: object;
  sigmoid: object;
  silu: object;
  erf: object;
  relu: object;
  isPositive: object;
  // shape
  reshape: { shape: readonly number[] };
  transpose: { permutation: readonly number[] };
  expand: { shape: readonly number[] };
  slice: { axis: number; start: number; end: number };
  concatenate: { axis: number };
  // reduction and products
  sum: { axes: readonly number[]; keep: boolean };
  matmul: object;
  // over the last axis
  softmax: object;
  logSoftmax: object;
  layerNormalization: { epsilon: number };
  rmsNormalization: { epsilon: number };
  rotate: object;
  // rows
  gatherRows: object;
  scatterAddRows: { rows: number };
  takeRows: object;
  // recurrence
  gru: { steps: number };
  gruGradient: { steps: number };
  // whole losses
  tiedCrossEntropy: object;
}

export type OperationName = keyof OperationAttributes;
export type Attributes<N extends OperationName> = OperationAttributes[N];
