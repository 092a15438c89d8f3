// Runs a language model over texts of uneven length: texts of about the same length go together, through a
// graph of that length that is made when it is first needed. Legend: n texts, B texts of a batch, L tokens, H
// hidden size, w width.
import { TslrecError } from '../../errors.ts';
import { buildModel, parameterFeeds, type Scope, type Values } from '../../network/scope.ts';
import type { Progress } from '../../progress.ts';
import { BATCH, type Tensor } from '../../tensor/graph.ts';
import { createSession } from '../../tensor/session.ts';
import { inBuckets, pooledBatch, readingLengths } from './pooled-batches.ts';
import { cutToLength, type Pooling } from './pooling.ts';

/** What pooledBatch fills: tokens [B, L], pool [B, 1, L]. */
export interface PooledInputs {
  readonly tokens: Tensor;
  readonly pool: Tensor;
}

export function pooledInputs({ graph }: Scope, B: number, L: number): PooledInputs {
  return { tokens: graph.input('tokens', [B, L], 'int32'), pool: graph.input('pool', [B, 1, L]) };
}

export interface PooledReader<Name extends string> {
  /** What the graph gives for each text, by name [n, w]. */
  read(
    texts: readonly Int32Array[],
    task: { readonly name: string; readonly progress: Progress },
  ): Promise<Record<Name, Float32Array>>;
  release(): Promise<void>;
}

/**
 * Most texts of a batch, and most tokens, padding included: what a step needs beside the weights is bounded
 * by them.
 */
const MOST_TEXTS = 64;
const MOST_TOKENS = 2048;

/** `define` gives outputs [B, w]. How a text longer than `maxTokens` is cut depends on the pooling. */
export function createPooledReader<Name extends string>(
  define: (scope: Scope, inputs: PooledInputs) => Readonly<Record<Name, Tensor>>,
  values: Values,
  { maxTokens, pooling }: { readonly maxTokens: number; readonly pooling: Pooling },
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
  const widths = Object.entries<Tensor>(modelOf(lengths[0]).outputs).map(([name, { shape }]) => ({
    name,
    w: shape[1],
  }));
  return {
    async read(texts, { name: task, progress }) {
      const outputs = Object.fromEntries(
        widths.map(({ name, w }) => [name, new Float32Array(texts.length * w)]),
      );
      const rowOf = texts.map((text, row) => ({ tokens: cutToLength(text, maxTokens, pooling), row }));
      const bar = progress.start(task, texts.length);
      try {
        for (const { length, block } of inBuckets(rowOf, rows, lengths)) {
          const results = await run(
            block.map(({ tokens }) => tokens),
            length,
          );
          for (const { name, w } of widths) {
            checkNumbers(results[name], task);
            block.forEach(({ row }, b) => {
              outputs[name].set(results[name].subarray(b * w, (b + 1) * w), row * w);
            });
          }
          bar.advance(block.length);
        }
      } finally {
        bar.done();
      }
      return outputs as Record<Name, Float32Array>;
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
