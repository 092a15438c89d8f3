// A model folder as a function from texts to vectors: the last hidden states after the final norm of the
// tokens that the folder's own tokenizer gives, special tokens included, and what the folder says of how they
// become one vector (sentence-modules.ts). Legend: n texts, w width.
import type { Values } from '../network/scope.ts';
import type { Progress } from '../progress.ts';
import { hiddenStates, parametersOf, readArchitecture } from './architecture.ts';
import { readTokenizer } from './folder-tokenizer.ts';
import { readModelWeights } from './model-weights.ts';
import { readAdapter } from './peft-adapter.ts';
import { createPooledReader } from './pooled-reader.ts';
import { readSentenceModules, sentenceVectors } from './sentence-modules.ts';
import { checkTextsApart } from './texts-apart.ts';

export interface TextEncoder {
  /** w */
  readonly width: number;
  /**
   * One vector a text [n, w]. Of a text that is longer than the model reads, the beginning; zeros for one
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
  const { hidden_size, max_position_embeddings, vocab_size: vocabularySize } = architecture.config;
  const modules = await readSentenceModules(folder, hidden_size);
  const { width, pooling, prepare } = modules;
  const maxTokens = Math.min(max_position_embeddings, modules.maxTokens);
  const { lora, values: adapted } =
    adapter === undefined ? noAdapter : await readAdapter(adapter, architecture);
  const base = await readModelWeights(folder, architecture.kind, parametersOf(architecture));
  const tokenizer = await readTokenizer(folder, { vocabularySize, maxTokens });
  const reader = createPooledReader(
    (scope, inputs) => ({
      embedding: sentenceVectors(scope, inputs, hiddenStates(scope, architecture, inputs, lora), modules),
    }),
    new Map([...base, ...adapted, ...modules.values]),
    { maxTokens, pooling },
  );
  return {
    width,
    async embed(texts, task) {
      const tokens = await tokenizer.encode(texts.map(prepare));
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
