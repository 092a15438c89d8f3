// Runs a language model over texts of uneven length: texts of about the same length go together, through a
// graph of that length that is made when it is first needed. Legend: n texts, B texts of a batch, L tokens, H
// hidden size, w width.
import { TslrecError } from '../../errors.ts';
import { buildModel, parameterFeeds, type Scope, type Values } from '../../network/scope.ts';
import { BATCH, type Tensor } from '../../tensor/graph.ts';
import { createSession } from '../../tensor/session.ts';
import { inBuckets, pooledBatch, readingLengths } from './pooled-batches.ts';

/** What pooledBatch fills: tokens [B, L], pool [B, 1, L]. */
export interface PooledInputs {
  readonly tokens: Tensor;
  readonly pool: Tensor;
}

export function pooledInputs({ graph }: Scope, B: number, L: number): PooledInputs {
  return { tokens: graph.input('tokens', [B, L], 'int32'), pool: graph.input('pool', [B, 1, L]) };
}

export interface ReadTokens {
  /** What is done, for errors. */
  readonly name: string;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of its texts. */
  readonly onRead?: (count: number) => void;
}

export interface PooledReader<Name extends string> {
  /** The w of each output. */
  readonly widths: Readonly<Record<Name, number>>;
  /** What the graph gives for each text, by name [n, w]. No text is longer than the reader's maxTokens. */
  read(texts: readonly Int32Array[], options: ReadTokens): Promise<Record<Name, Float32Array>>;
  release(): Promise<void>;
}

/**
 * Most texts of a batch, and most tokens, padding included: what a step needs beside the weights is bounded
 * by them.
 */
const MOST_TEXTS = 64;
const MOST_TOKENS = 2048;

/** `define` gives outputs [B, w]. */
export function createPooledReader<Name extends string>(
  define: (scope: Scope, inputs: PooledInputs) => Readonly<Record<Name, Tensor>>,
  values: Values,
  maxTokens: number,
): PooledReader<Name> {
  const lengths = readingLengths(maxTokens);
  const rows = (length: number) => Math.min(MOST_TEXTS, Math.max(1, Math.floor(MOST_TOKENS / length)));
  const modelOf = (length: number) =>
    buildModel('inference', (scope) => define(scope, pooledInputs(scope, BATCH, length)));
  const open = async (length: number) => {
    const { graph, parameters, outputs } = modelOf(length);
    return { session: await createSession(graph, outputs), weights: parameterFeeds(parameters, values) };
  };
  const opened = new Map<number, ReturnType<typeof open>>();
  const run = async (texts: readonly Int32Array[], length: number) => {
    if (!opened.has(length)) opened.set(length, open(length));
    const { session, weights } = await opened.get(length)!;
    return session.run({ ...weights, ...pooledBatch(texts, texts.length, length) });
  };
  const widths = Object.fromEntries(
    Object.entries<Tensor>(modelOf(lengths[0]).outputs).map(([name, { shape }]) => [name, shape[1]]),
  ) as Record<Name, number>;
  const names = Object.keys(widths) as Name[];
  return {
    widths,
    async read(texts, { name: task, signal, onRead }) {
      const outputs = Object.fromEntries(
        names.map((name) => [name, new Float32Array(texts.length * widths[name])]),
      ) as Record<Name, Float32Array>;
      const rowOf = texts.map((tokens, row) => ({ tokens, row }));
      for (const { length, block } of inBuckets(rowOf, rows, lengths)) {
        signal?.throwIfAborted();
        const results = await run(
          block.map(({ tokens }) => tokens),
          length,
        );
        for (const name of names) {
          const w = widths[name];
          checkNumbers(results[name], task);
          block.forEach(({ row }, b) => {
            outputs[name].set(results[name].subarray(b * w, (b + 1) * w), row * w);
          });
        }
        onRead?.(block.length);
      }
      return outputs;
    },
    async release() {
      for (const graph of opened.values()) await (await graph).session.release();
      opened.clear();
    },
  };
}

function checkNumbers(values: Float32Array, task: string): void {
  if (values.every(Number.isFinite)) return;
  throw new TslrecError(
    'bad-data',
    `${task}: got numbers that are not finite from the language model, expected finite ones of every text; ` +
      'its weights are damaged or of another model: copy its folder again.',
  );
}
