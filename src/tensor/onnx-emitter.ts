// How an operation's form in ONNX is written down, node by node.

/** A number is written as an integer where it is one; `float` says that it is not meant as one. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** Collects ONNX nodes; names in, names out. */
export interface OnnxEmitter {
  /** An operator that is not ONNX's own has its domain in front. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Record<string, OnnxAttribute>,
    outputs?: number,
  ): string[];
  float(value: number): string;
  int64(values: readonly number[]): string;
  int32(values: readonly number[]): string;
}
