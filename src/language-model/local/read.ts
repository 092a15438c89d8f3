// A local model's vectors and distributions of texts, a few hundred texts at a time, so that a job can keep
// what is done and an abort does not wait for all. Legend: n texts, w width of a row, H hidden size, K
// categories.
import type { Values } from '../../network/scope.ts';
import type { LlamaConfig } from '../../network/transformer/llama.ts';
import type { LoraConfig } from '../../network/transformer/lora.ts';
import { silentProgress } from '../../progress.ts';
import { softmax } from '../../tensor/functions.ts';
import { hiddenStates } from '../architecture.ts';
import { type SentenceModules, sentenceVectors } from '../files/sentence-modules.ts';
import type { LanguageModel, ReadOptions } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import { createPooledReader, type PooledReader } from '../pooled/pooled-reader.ts';
import { categoryScores } from '../pooled/tuned-model.ts';
import type { Tokenizer } from '../tokenizer.ts';

export interface ReadingModel {
  readonly config: LlamaConfig;
  readonly lora: LoraConfig | undefined;
  /** K, where the model has a head. */
  readonly categoryCount: number | undefined;
  readonly values: Values;
  /** How a text's hidden states become its vector. */
  readonly modules: Pick<SentenceModules, 'pooling' | 'layers'>;
  /** Of the vectors. */
  readonly width: number;
}

export interface LocalReaders extends Pick<LanguageModel, 'embed' | 'classify'> {
  release(): Promise<void>;
}

const TEXTS_AT_ONCE = 256;

export function createLocalReaders(
  { config, lora, categoryCount: K, values, modules, width }: ReadingModel,
  { name, tokenizer }: { name: string; tokenizer: Tokenizer },
): LocalReaders {
  const { max_position_embeddings: maxTokens } = config;
  const define: Parameters<typeof createPooledReader>[0] = (scope, inputs) => {
    const hidden = hiddenStates(scope, { kind: 'decoder', config }, inputs, lora);
    const vectors = sentenceVectors(scope, inputs, hidden, modules);
    return { vectors, ...(K !== undefined && { probabilities: softmax(categoryScores(scope, vectors, K)) }) };
  };
  const reader = createPooledReader(define, values, { maxTokens, pooling: modules.pooling }) as PooledReader<
    'vectors' | 'probabilities'
  >;

  /** Rows [n, w]; an empty text is not read and has `emptyRow` all along. */
  async function rows(
    output: 'vectors' | 'probabilities',
    texts: readonly string[],
    { w, emptyRow }: { w: number; emptyRow: number },
    { signal, onBatch }: ReadOptions,
  ): Promise<Float32Array> {
    const whole = new Float32Array(texts.length * w).fill(emptyRow);
    for (let start = 0; start < texts.length; start += TEXTS_AT_ONCE) {
      signal?.throwIfAborted();
      const block = texts.slice(start, start + TEXTS_AT_ONCE);
      const asked = Array.from(block.keys()).filter((i) => block[i] !== '');
      const tokens = await tokenizer.encode(asked.map((i) => block[i]));
      const read = await reader.read(tokens, { name: output, progress: silentProgress });
      asked.forEach((i, row) => {
        whole.set(read[output].subarray(row * w, (row + 1) * w), (start + i) * w);
      });
      await onBatch?.({
        start,
        count: block.length,
        rows: whole.slice(start * w, (start + block.length) * w),
      });
    }
    return whole;
  }

  return {
    async embed(texts, options = {}) {
      return { vectors: await rows('vectors', texts, { w: width, emptyRow: 0 }, options), width };
    },
    async classify(texts, options = {}) {
      if (K === undefined) {
        throw new LanguageModelError(
          'unsupported',
          `The language model ${name} has no category head: give the adapter folder that a refresh left, ` +
            'or embed its texts.',
        );
      }
      const probabilities = await rows('probabilities', texts, { w: K, emptyRow: 1 / K }, options);
      return { probabilities, labels: Array.from({ length: K }, (_, k) => String(k)) };
    },
    release: () => reader.release(),
  };
}
