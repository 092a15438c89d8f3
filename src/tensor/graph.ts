// A graph is a list of operations over symbolic tensors: nothing is computed here. Shapes are static and
// known while the graph is built, so that a wrong shape is an error with a name, at the line that made it.
import type { Attributes, OperationName } from './operations.ts';
import { type ElementType, type Shape, sizeOf, type TensorType } from './shape.ts';
import { shapeRules } from './shape-rules.ts';

export { BATCH, type ElementType, type Shape, sizeOf } from './shape.ts';

export interface Tensor extends TensorType {
  readonly name: string;
  readonly graph: Graph;
}

export interface Node<N extends OperationName = OperationName> {
  readonly operation: N;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes<N>;
  readonly outputs: readonly Tensor[];
}

export interface Constant {
  readonly tensor: Tensor;
  readonly values: readonly number[] | Float32Array;
}

export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Tensor[] = [];
  readonly constants: Constant[] = [];
  readonly #constantByKey = new Map<string, Tensor>();
  #counter = 0;

  /** A value fed at every run. */
  input(name: string, shape: Shape, type: ElementType = 'float32'): Tensor {
    if (this.inputs.some((input) => input.name === name))
      throw new Error(`internal: graph input ${name} exists already`);
    const tensor: Tensor = { name, shape, type, graph: this };
    this.inputs.push(tensor);
    return tensor;
  }

  /** A value stored in the graph. Small equal constants are shared. */
  constant(values: readonly number[] | Float32Array, shape: Shape, type: ElementType = 'float32'): Tensor {
    const key = values.length <= 16 ? `${type}:${shape.join()}:${values.join()}` : undefined;
    const known = key === undefined ? undefined : this.#constantByKey.get(key);
    if (known) return known;
    if (values.length !== sizeOf(shape)) {
      throw new Error(`internal: ${values.length} values do not fill the shape [${shape}]`);
    }
    const tensor = this.#tensor('constant', shape, type);
    this.constants.push({ tensor, values });
    if (key !== undefined) this.#constantByKey.set(key, tensor);
    return tensor;
  }

  scalar(value: number): Tensor {
    return this.constant([value], []);
  }

  /** Appends an operation; its shape rule gives the outputs or says why it cannot. */
  apply<N extends OperationName>(
    operation: N,
    inputs: readonly Tensor[],
    attributes: Attributes<N>,
  ): readonly Tensor[] {
    const outputs = shapeRules[operation](inputs, attributes).map(({ shape, type }) =>
      this.#tensor(operation, shape, type),
    );
    this.nodes.push({ operation, inputs, attributes, outputs } as Node);
    return outputs;
  }

  #tensor(prefix: string, shape: Shape, type: ElementType): Tensor {
    return { name: `${prefix}.${this.#counter++}`, shape, type, graph: this };
  }
}
