// The one way from texts to pooled vectors, and with a head to distributions over the categories:
//   prepare (prompt, capitals) -> tokens -> cut (cut-text.ts) -> batches of similar length (pooled-reader.ts)
//   -> last hidden states -> pooling -> what follows it (sentence-modules.ts), and the head -> checks.
// Legend: n texts, H width of a vector, K categories.
import { TslrecError } from '../../errors.ts';
import type { Values } from '../../network/scope.ts';
import type { LoraConfig } from '../../network/transformer/lora.ts';
import { silentProgress } from '../../progress.ts';
import { softmax } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { type Architecture, hiddenStates } from '../architecture.ts';
import { commonBeginning } from '../common-beginning.ts';
import { type SentenceModules, sentenceVectors } from '../files/sentence-modules.ts';
import type { ReadTask } from '../language-model.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { cutPrompt, cutSentence, type TextKind } from './cut-text.ts';
import { createPooledReader, type PooledReader } from './pooled-reader.ts';
import type { Pooling } from './pooling.ts';
import { createApartCheck, TEXTS_TO_JUDGE_BY } from './texts-apart.ts';
import { categoryScores } from './tuned-model.ts';

/** What reads: a TunedModel is one, and so is a folder's model with the modules that make its vectors. */
export interface ReadingModel extends Partial<Pick<SentenceModules, 'layers' | 'prepare'>> {
  readonly architecture: Architecture;
  readonly values: Values;
  readonly lora?: LoraConfig;
  readonly pooling: Pooling;
  /** K, where it has a head. */
  readonly categoryCount?: number;
}

/** What of a text is read. */
export interface ReadingLimit {
  /** At most so many tokens, special ones included; no more than the model has positions for. */
  readonly maxTokens: number;
  /** The setting that says so, for errors. */
  readonly limitedBy?: string;
  /** What the texts are: cut-text.ts. An empty prompt is not read, an empty sentence is. */
  readonly kind: TextKind;
}

export interface TextReader {
  /** H */
  readonly width: number;
  read(texts: readonly string[], options: ReadTextsOptions): Promise<TextRows>;
  release(): Promise<void>;
}

export interface ReadTextsOptions {
  readonly signal?: AbortSignal;
  readonly task?: ReadTask;
  /** Texts are then read in their order, a few hundred at a time, and handed over as they are read. */
  readonly onBatch?: (batch: TextRows & { readonly start: number; readonly count: number }) => unknown;
}

export interface TextRows {
  /** [n, H]; zeros of a text that is not read. */
  readonly vectors: Float32Array;
  /** [n, K], uniform of a text that is not read; [n, 0] without a head. */
  readonly probabilities: Float32Array;
}

const TEXTS_OF_A_BATCH = 256;

export interface TextReaderParts {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Whether it has read other texts before, and told them apart. */
  readonly proven?: boolean;
}

export function createTextReader(
  model: ReadingModel,
  { maxTokens, limitedBy = 'the limit of this reading', kind }: ReadingLimit,
  { name, tokenizer, proven }: TextReaderParts,
): TextReader {
  const { architecture, values, lora, pooling, layers = [], prepare = (text) => text } = model;
  const { categoryCount: K = 0 } = model;
  const define: Parameters<typeof createPooledReader<string>>[0] = (
    scope,
    inputs,
  ): Record<string, Tensor> => {
    const hidden = hiddenStates(scope, architecture, inputs, lora);
    const vectors = sentenceVectors(scope, inputs, hidden, { pooling, layers });
    return K === 0 ? { vectors } : { vectors, probabilities: softmax(categoryScores(scope, vectors, K)) };
  };
  const reader = createPooledReader(define, values, maxTokens) as PooledReader<keyof TextRows>;
  const { vectors: H } = reader.widths;
  const checkApart = createApartCheck(proven);

  async function tokensOf(texts: readonly string[]): Promise<Int32Array[]> {
    const tokens = await tokenizer.encode(texts);
    if (!tokens.some(({ length }) => length > maxTokens)) return tokens;
    if (kind === 'prompt') return tokens.map((text) => cutPrompt(text, maxTokens, pooling));
    const closing = await closingTokens(tokenizer);
    return tokens.map((text) => cutSentence(text, maxTokens, closing));
  }

  /** What the limit leaves may be special tokens and a prompt alone, or what all texts begin or end with. */
  function checkCut(texts: readonly string[], tokens: readonly Int32Array[]): void {
    const read = tokens.filter(({ length }) => length > 0);
    if (!read.some(({ length }) => length >= maxTokens)) return;
    const first = String(read[0]);
    if (read.some((text) => String(text) !== first)) return;
    const different = new Set(texts.filter((_, i) => tokens[i].length > 0)).size;
    if (different < TEXTS_TO_JUDGE_BY) return;
    throw new TslrecError(
      'bad-data',
      `${name}: got the same tokens of all of ${different} different texts, because ` +
        `${limitedBy} cuts each to ${maxTokens}, special ones and a prompt included; expected room for ` +
        'what tells texts apart: correct that setting.',
    );
  }

  return {
    width: H,
    async read(texts, { signal, task, onBatch }) {
      signal?.throwIfAborted();
      const called = task?.name ?? name;
      const asked = Array.from(texts.keys()).filter((i) => kind === 'sentence' || texts[i] !== '');
      const prepared = asked.map((i) => prepare(texts[i]));
      const tokens = await tokensOf(prepared);
      checkCut(prepared, tokens);
      const vectors = new Float32Array(texts.length * H);
      const probabilities = new Float32Array(texts.length * K).fill(1 / K);
      const bar = (task?.progress ?? silentProgress).start(called, texts.length);
      bar.advance(texts.length - asked.length);

      /** Reads tokens[from] to tokens[to - 1]. */
      async function readTokens(from: number, to: number): Promise<void> {
        const read = await reader.read(tokens.slice(from, to), {
          ...{ name: called, signal },
          onRead: (count) => bar.advance(count),
        });
        asked.slice(from, to).forEach((i, r) => {
          vectors.set(read.vectors.subarray(r * H, (r + 1) * H), i * H);
          if (K > 0) probabilities.set(read.probabilities.subarray(r * K, (r + 1) * K), i * K);
        });
      }

      try {
        if (!onBatch) await readTokens(0, tokens.length);
        for (let start = 0, from = 0; onBatch && start < texts.length; start += TEXTS_OF_A_BATCH) {
          const end = Math.min(texts.length, start + TEXTS_OF_A_BATCH);
          let to = from;
          while (asked[to] < end) to++;
          await readTokens(from, to);
          from = to;
          await onBatch({
            ...{ start, count: end - start },
            vectors: vectors.slice(start * H, end * H),
            probabilities: probabilities.slice(start * K, end * K),
          });
        }
      } finally {
        bar.done();
      }
      checkApart(tokens, (t) => vectors.subarray(asked[t] * H, (asked[t] + 1) * H), called);
      return { vectors, probabilities };
    },
    release: () => reader.release(),
  };
}

/** How many special tokens stand behind a text: those of an empty one that do not begin another. */
async function closingTokens(tokenizer: Tokenizer): Promise<number> {
  const [empty, another] = await tokenizer.encode(['', 'a']);
  return empty.length - commonBeginning(empty, another);
}
