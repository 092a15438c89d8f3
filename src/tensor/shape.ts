// Shape and type of a tensor: what an operation has to know of its inputs to say what it gives.

export type Shape = readonly number[];

/**
 * The one dimension that may be left open until a graph runs, such as the queries of a batch. In a shape -n
 * stands for n times it, so that sizes multiply as always; a shape holds at most one. Training graphs have
 * none.
 */
export const BATCH = -1;
export type ElementType = 'float32' | 'int32';

export interface TensorType {
  readonly shape: Shape;
  readonly type: ElementType;
}

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
