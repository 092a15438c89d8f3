// Writes a graph as an ONNX ModelProto (onnx.proto3, IR version 9, opset 20), keeping only the nodes that the
// wanted outputs need. Field numbers stand beside the fields, as in the specification.
import { PbfWriter } from 'pbf';
import { BATCH, type ElementType, type Graph, type Node, type Shape, type Tensor } from './graph.ts';
import type { OnnxAttribute, OnnxEmitter } from './onnx-emitter.ts';
import { onnxForms } from './onnx-forms.ts';
import type { OperationName } from './operations.ts';

interface OnnxNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Record<string, OnnxAttribute>;
}

interface Initializer {
  readonly name: string;
  readonly shape: Shape;
  readonly type: OnnxType;
  readonly values: readonly number[] | Float32Array;
}

type OnnxType = ElementType | 'int64';

const ELEMENT_TYPE: Record<OnnxType, number> = { float32: 1, int32: 6, int64: 7 };

export interface OnnxModelOptions {
  /** Values of graph inputs that the model brings along instead of being fed them. */
  readonly values?: Readonly<Record<string, Float32Array>>;
  /** What a reader of the file can ask it for. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of a model whose outputs carry the keys of `outputs` as names. */
export function encodeOnnxModel(
  graph: Graph,
  outputs: Readonly<Record<string, Tensor>>,
  { values = {}, metadata = {} }: OnnxModelOptions = {},
): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, Initializer>();
  for (const input of graph.inputs) {
    if (input.name in values) initializers.set(input.name, { ...input, values: values[input.name] });
  }
  for (const { tensor, values } of graph.constants) initializers.set(tensor.name, { ...tensor, values });
  const emitter = createEmitter(nodes, initializers);
  for (const node of graph.nodes) {
    const first = nodes.length;
    const produced = emitForm(node, emitter);
    renameOutputs(nodes, first, produced, node.outputs);
  }
  for (const [name, tensor] of Object.entries(outputs)) {
    nodes.push({ opType: 'Identity', inputs: [tensor.name], outputs: [name], attributes: {} });
  }
  const { kept, used } = neededFor(Object.keys(outputs), nodes);
  const graphInputs = graph.inputs.filter(({ name }) => used.has(name) && !initializers.has(name));

  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 9); // ir_version
  pbf.writeStringField(2, 'tslrec'); // producer_name
  const domains = new Set([ONNX_DOMAIN, ...kept.map((node) => operatorOf(node).domain)]);
  for (const domain of domains) pbf.writeMessage(8, writeOpset, domain); // opset_import
  pbf.writeMessage(
    7,
    (_, message) => {
      for (const node of kept) message.writeMessage(1, writeNode, node);
      message.writeStringField(2, 'tslrec');
      for (const initializer of initializers.values()) {
        if (used.has(initializer.name)) message.writeMessage(5, writeInitializer, initializer);
      }
      for (const input of graphInputs) message.writeMessage(11, writeValueInfo, input);
      for (const [name, tensor] of Object.entries(outputs))
        message.writeMessage(12, writeValueInfo, { ...tensor, name });
    },
    null,
  );
  for (const entry of Object.entries(metadata)) pbf.writeMessage(14, writeEntry, entry); // metadata_props
  return pbf.finish();
}

function createEmitter(nodes: OnnxNode[], initializers: Map<string, Initializer>): OnnxEmitter {
  const constant = (type: OnnxType, values: readonly number[], shape: Shape) => {
    const name = `${type}:${shape.join('x')}:${values.join(',')}`;
    initializers.set(name, { name, shape, type, values });
    return name;
  };
  return {
    node(opType, inputs, attributes = {}, count = 1) {
      const outputs = Array.from({ length: count }, (_, i) => `onnx.${nodes.length}.${i}`);
      nodes.push({ opType, inputs, outputs, attributes });
      return outputs;
    },
    float: (value) => constant('float32', [value], []),
    int64: (values) => constant('int64', values, [values.length]),
    int32: (values) => constant('int32', values, [values.length]),
  };
}

function emitForm<N extends OperationName>(node: Node<N>, emitter: OnnxEmitter): readonly string[] {
  return onnxForms[node.operation](node, emitter);
}

/** Gives the values that a form produced the names of the tensors that they are. */
function renameOutputs(
  nodes: OnnxNode[],
  first: number,
  produced: readonly string[],
  outputs: readonly Tensor[],
): void {
  const renamed = new Map(produced.map((name, i) => [name, outputs[i].name]));
  const rename = (name: string) => renamed.get(name) ?? name;
  for (let i = first; i < nodes.length; i++) {
    nodes[i] = { ...nodes[i], inputs: nodes[i].inputs.map(rename), outputs: nodes[i].outputs.map(rename) };
  }
}

function neededFor(outputs: readonly string[], nodes: readonly OnnxNode[]) {
  const used = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => used.has(name))) return false;
    for (const name of node.inputs) used.add(name);
    return true;
  });
  return { kept: kept.reverse(), used };
}

const ONNX_DOMAIN = '';
const OPSET: Record<string, number> = { [ONNX_DOMAIN]: 20, 'com.microsoft': 1 };

function writeOpset(domain: string, pbf: PbfWriter): void {
  if (domain !== ONNX_DOMAIN) pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, OPSET[domain]); // version
}

/** "com.microsoft.RotaryEmbedding" -> domain "com.microsoft". */
function operatorOf({ opType }: OnnxNode): { readonly domain: string; readonly name: string } {
  const dot = opType.lastIndexOf('.');
  return { domain: opType.slice(0, Math.max(dot, 0)), name: opType.slice(dot + 1) };
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  const { domain, name } = operatorOf(node);
  pbf.writeStringField(4, name);
  if (domain !== ONNX_DOMAIN) pbf.writeStringField(7, domain);
  for (const attribute of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, attribute);
}

function writeAttribute([name, value]: [string, OnnxAttribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'string') {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    pbf.writeVarintField(20, 3); // type STRING
  } else if (typeof value !== 'number' && 'float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, 1); // type FLOAT
  } else if (typeof value !== 'number') {
    for (const integer of value) pbf.writeVarintField(8, integer);
    pbf.writeVarintField(20, 7); // type INTS
  } else if (Number.isInteger(value)) {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, 2); // type INT
  } else {
    pbf.writeFloatField(2, value);
    pbf.writeVarintField(20, 1); // type FLOAT
  }
}

function writeInitializer({ name, shape, type, values }: Initializer, pbf: PbfWriter): void {
  for (const dimension of shape) pbf.writeVarintField(1, dimension);
  pbf.writeVarintField(2, ELEMENT_TYPE[type]);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, rawBytes(type, values)); // raw_data, little-endian
}

function rawBytes(type: OnnxType, values: readonly number[] | Float32Array): Uint8Array {
  const typed =
    type === 'float32'
      ? Float32Array.from(values)
      : type === 'int32'
        ? Int32Array.from(values)
        : BigInt64Array.from(values as readonly number[], BigInt);
  return new Uint8Array(typed.buffer);
}

function writeEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeDimension(n: number, pbf: PbfWriter): void {
  if (n >= 0)
    pbf.writeVarintField(1, n); // dim_value
  else pbf.writeStringField(2, n === BATCH ? 'batch' : `${-n} * batch`); // dim_param
}

function writeValueInfo(
  { name, shape, type }: { name: string; shape: Shape; type: ElementType },
  pbf: PbfWriter,
): void {
  pbf.writeStringField(1, name);
  const writeShape = (_: null, message: PbfWriter) => {
    for (const dimension of shape) message.writeMessage(1, writeDimension, dimension);
  };
  const writeTensorType = (_: null, message: PbfWriter) => {
    message.writeVarintField(1, ELEMENT_TYPE[type]);
    message.writeMessage(2, writeShape, null);
  };
  pbf.writeMessage(2, (_, message) => message.writeMessage(1, writeTensorType, null), null);
}
