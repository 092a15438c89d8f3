// Runs a graph on ONNX Runtime. Outputs may be written into arrays that the caller owns, so that a training
// step allocates nothing: see network/trainer.ts.
import * as ort from 'onnxruntime-node';
import { TslrecError } from '../errors.ts';
import { type Graph, sizeOf, type Tensor } from './graph.ts';
import { encodeOnnxModel } from './onnx-model.ts';

type FedValues = Float32Array | Int32Array;
export type Feeds = Readonly<Record<string, FedValues>>;

export interface SessionOptions {
  /** Threads inside one operation, where it is not what `configureExecution` says. */
  readonly threads?: number;
}

export interface Session {
  /** Computes the outputs. An output named in `into` is written there; any other is a new array. */
  run(feeds: Feeds, into?: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
  /** Frees the native memory; the session cannot run afterwards. */
  release(): Promise<void>;
}

/**
 * Bytes of a value that is computed once, when a session is made, and kept: the masks of a long text would
 * fill the memory.
 */
const LARGEST_CONSTANT = 2 ** 22;

/**
 * A thread that waits for its next part of a step keeps its core busy so long before it sleeps. If it never
 * sleeps, as ONNX Runtime has it, a training is up to 8 % faster alone, and with a second one on the same
 * cores each takes three times as long, not twice; if it sleeps at once, a training alone is 10 to 16 %
 * slower (docs/LOG.md, "Threads").
 */
const SPIN_MICROSECONDS = 50;

ort.env.logLevel = 'fatal'; // what goes wrong is thrown, and told once

/** Whose kernels run the graphs of this process; where one lacks an operation, the CPU's stand in. */
let executionProvider = 'cpu';
/** Threads inside one operation; 0 is one a physical core. */
let defaultThreads = 0;

/**
 * For all sessions from now on: 'cpu', or what this build of ONNX Runtime has beside it ('cuda', 'webgpu',
 * 'coreml' ...).
 */
export function configureExecution({ provider: name, threads }: { provider: string; threads: number }): void {
  const known = ort.listSupportedBackends().map((backend) => backend.name);
  if (!known.includes(name)) {
    throw new TslrecError(
      'bad-request',
      `The execution provider "${name}" is not in this build of ONNX Runtime, which has ` +
        `${known.join(', ')}; set TSLREC_EXECUTION_PROVIDER to one of them.`,
    );
  }
  executionProvider = name;
  defaultThreads = threads;
}

/** What sessions run by, for whoever shares it out. */
export const execution = (): { readonly provider: string; readonly threads: number } => ({
  provider: executionProvider,
  threads: defaultThreads,
});

async function createOrtSession(
  model: Uint8Array,
  { threads = defaultThreads }: SessionOptions,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: [...new Set([executionProvider, 'cpu'])],
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'all',
      // 4 to 7 % faster steps, for 1.7 times the memory: planned beside what the first run has claimed.
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: {
        session: { set_denormal_as_zero: '1', intra_op: { spin_duration_us: String(SPIN_MICROSECONDS) } },
        optimization: { constant_folding_max_output_size_in_bytes: String(LARGEST_CONSTANT) },
      },
    });
  } catch (error) {
    if (executionProvider === 'cpu') throw error;
    throw new TslrecError(
      'unavailable',
      `The execution provider ${executionProvider} cannot be used here ` +
        `(${(error as Error).message.split('\n')[0]}); install what it needs, or set ` +
        'TSLREC_EXECUTION_PROVIDER=cpu.',
      { cause: error },
    );
  }
}

export async function createSession(
  graph: Graph,
  outputs: Readonly<Record<string, Tensor>>,
  options: SessionOptions = {},
): Promise<Session> {
  const model = encodeOnnxModel(graph, outputs);
  const session = await createOrtSession(model, options);
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
      return Object.fromEntries(
        Object.keys(outputs).map((name) => [name, results[name].data as Float32Array]),
      );
    },
    release: () => session.release(),
  };
}

function toOrt({ name, shape, type }: Tensor, values: FedValues | undefined): ort.Tensor {
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
