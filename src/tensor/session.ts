// Runs a graph on ONNX Runtime. Outputs may be written into arrays that the caller owns, so that a training
// step allocates nothing: see network/trainer.ts.
import * as ort from 'onnxruntime-node';
import { type Graph, sizeOf, type Tensor } from './graph.ts';
import { encodeOnnxModel } from './onnx-model.ts';

export type Values = Float32Array | Int32Array;
export type Feeds = Readonly<Record<string, Values>>;

export interface SessionOptions {
  /** Threads inside one operation; ONNX Runtime's default is one a physical core. */
  readonly threads?: number;
}

export interface Session {
  /** Computes the outputs. An output named in `into` is written there; any other is a new array. */
  run(feeds: Feeds, into?: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
  /** Frees the native memory; the session cannot run afterwards. */
  release(): Promise<void>;
}

export async function createSession(
  graph: Graph,
  outputs: Readonly<Record<string, Tensor>>,
  options: SessionOptions = {},
): Promise<Session> {
  const model = encodeOnnxModel(graph, outputs);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads ?? 0,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const inputs = graph.inputs.filter((input) => session.inputNames.includes(input.name));
  return {
    async run(feeds, into = {}) {
      const ortFeeds: Record<string, ort.Tensor> = {};
      for (const input of inputs) ortFeeds[input.name] = toOrt(input, feeds[input.name]);
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const [name, tensor] of Object.entries(outputs)) {
        fetches[name] = name in into ? toOrt(tensor, into[name]) : null;
      }
      const results = await session.run(ortFeeds, fetches);
      return Object.fromEntries(Object.keys(outputs).map((name) => [name, results[name].data as Float32Array]));
    },
    release: () => session.release(),
  };
}

function toOrt({ name, shape, type }: Tensor, values: Values | undefined): ort.Tensor {
  if (!values) throw new Error(`internal: the graph input ${name} was not fed`);
  const expected = type === 'float32' ? Float32Array : Int32Array;
  const size = sizeOf(shape);
  const fits = size < 0 ? values.length % size === 0 : values.length === size;
  if (!fits || !(values instanceof expected)) {
    throw new Error(
      `internal: ${name} needs ${type} [${shape}], got ${values.length} values of ${values.constructor.name}`,
    );
  }
  const batch = values.length / -size;
  return new ort.Tensor(
    type,
    values as Float32Array,
    shape.map((n) => (n < 0 ? -n * batch : n)),
  );
}
