// A model folder as a function from texts to vectors: the last hidden states after the final norm, averaged
// over the tokens that the folder's own tokenizer gives, special tokens included. Legend: n texts, H hidden
// size.
import type { Values } from '../network/scope.ts';
import type { Progress } from '../progress.ts';
import { hiddenStates, parametersOf, readArchitecture } from './architecture.ts';
import { readTokenizer } from './folder-tokenizer.ts';
import { readModelWeights } from './model-weights.ts';
import { readAdapter } from './peft-adapter.ts';
import { createPooledReader, meanOverTokens } from './pooled-reader.ts';
import { checkTextsApart } from './texts-apart.ts';

export interface TextEncoder {
  /** H. */
  readonly width: number;
  /**
   * One vector a text [n, H]. Of a text that is longer than the model reads, the beginning; zeros for one
   * without a token.
   */
  embed(
    texts: readonly string[],
    task: { readonly name: string; readonly progress: Progress },
  ): Promise<Float32Array>;
  release(): Promise<void>;
}

/** `adapter` is the folder of a LoRA adapter in PEFT's format. */
export async function loadTextEncoder(
  folder: string,
  { adapter }: { readonly adapter?: string } = {},
): Promise<TextEncoder> {
  const architecture = await readArchitecture(folder);
  const {
    hidden_size: width,
    max_position_embeddings: maxTokens,
    vocab_size: vocabularySize,
  } = architecture.config;
  const tokenizer = await readTokenizer(folder, { vocabularySize, maxTokens });
  const { lora, values: adapted } =
    adapter === undefined ? noAdapter : await readAdapter(adapter, architecture);
  const base = await readModelWeights(folder, architecture.kind, parametersOf(architecture));
  const reader = createPooledReader(
    (scope, inputs) => ({
      embedding: meanOverTokens(inputs, hiddenStates(scope, architecture, inputs, lora)),
    }),
    new Map([...base, ...adapted]),
    maxTokens,
  );
  return {
    width,
    async embed(texts, task) {
      const tokens = await tokenizer.encode(texts);
      const { embedding } = await reader.read(tokens, task);
      checkTextsApart(tokens, embedding, task.name);
      return embedding;
    },
    release() {
      tokenizer.release();
      return reader.release();
    },
  };
}

const noAdapter: { lora: undefined; values: Values } = { lora: undefined, values: new Map() };
