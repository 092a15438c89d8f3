// A language model with a category head, and what it says of texts: their hidden vectors and its distribution
// over the latent categories. Legend: n texts, B texts of a batch, L tokens, H hidden size, K categories.
import { buildModel, parameterFeeds, type Scope, type Values, zeros } from '../network/scope.ts';
import type { Progress } from '../progress.ts';
import { matmul, reshape, softmax, swapLast } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';
import { createSession } from '../tensor/session.ts';
import { type LlamaConfig, type LoraConfig, llama, tokenEmbeddings } from './llama.ts';
import { batchLength, inBlocks, pooledBatch } from './pooled-batches.ts';

/** A language model with its category head: base weights, adapter and head, by name. */
export interface TunedModel {
  readonly config: LlamaConfig;
  readonly lora: LoraConfig;
  readonly categoryCount: number;
  readonly values: Values;
}

export const HEAD = 'score.weight';

export interface PooledHead {
  /** Mean-pooled last hidden states [B, H]. */
  readonly pooled: Tensor;
  /** Scores of the categories [B, K]. */
  readonly scores: Tensor;
}

/** The last hidden states, averaged over each text's tokens, and the head on them. */
export function pooledHead(
  scope: Scope,
  { config, lora, categoryCount: K }: Omit<TunedModel, 'values'>,
  B: number,
  L: number,
): PooledHead {
  const H = config.hidden_size;
  const tokens = scope.graph.input('tokens', [B, L], 'int32');
  const pool = scope.graph.input('pool', [B, 1, L]);
  const hidden = llama(scope, tokens, tokenEmbeddings(scope, config), config, lora);
  const pooled = reshape(matmul(pool, hidden), [B, H]);
  return { pooled, scores: matmul(pooled, swapLast(scope.parameter(HEAD, [K, H], zeros))) };
}

export interface ReadTexts {
  /** Mean-pooled last hidden state of each text [n, H]. */
  readonly hidden: Float32Array;
  /** The head's distribution over the categories [n, K]. */
  readonly distributions: Float32Array;
}

const READING_BATCH = 64;

/** Runs the tuned model over texts, in batches of similar length. */
export async function readTexts(
  { values, ...tuned }: TunedModel,
  texts: readonly Int32Array[],
  { maxTokens, name, progress }: { maxTokens: number; name: string; progress: Progress },
): Promise<ReadTexts> {
  const [H, K] = [tuned.config.hidden_size, tuned.categoryCount];
  const hidden = new Float32Array(texts.length * H);
  const distributions = new Float32Array(texts.length * K);
  const bar = progress.start(name, texts.length);
  const byLength = Array.from(texts.keys()).sort((a, b) => texts[a].length - texts[b].length || a - b);
  const blocks = Map.groupBy(inBlocks(byLength, READING_BATCH), (block) =>
    batchLength(
      block.map((i) => texts[i]),
      maxTokens,
    ),
  );
  for (const [L, sameLength] of blocks) {
    const model = buildModel('inference', (scope) => {
      const { pooled, scores } = pooledHead(scope, tuned, READING_BATCH, L);
      return { pooled, distribution: softmax(scores) };
    });
    const session = await createSession(model.graph, model.outputs);
    const parameters = parameterFeeds(model.parameters, values);
    for (const block of sameLength) {
      const batch = pooledBatch(
        block.map((i) => texts[i]),
        READING_BATCH,
        L,
      );
      const { pooled, distribution } = await session.run({ ...parameters, ...batch });
      block.forEach((i, b) => {
        hidden.set(pooled.subarray(b * H, (b + 1) * H), i * H);
        distributions.set(distribution.subarray(b * K, (b + 1) * K), i * K);
      });
      bar.advance(block.length);
    }
    await session.release();
  }
  bar.done();
  return { hidden, distributions };
}
