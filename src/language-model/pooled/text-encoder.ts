// A model folder as a function from texts to vectors: the last hidden states after the final norm of the
// tokens that the folder's own tokenizer gives, special tokens included, and what the folder says of how they
// become one vector (sentence-modules.ts). Legend: n texts, w width.
import { TslrecError } from '../../errors.ts';
import type { Values } from '../../network/scope.ts';
import type { Progress } from '../../progress.ts';
import { hiddenStates, parametersOf, readArchitecture } from '../architecture.ts';
import { readTokenizer } from '../files/folder-tokenizer.ts';
import { readModelWeights } from '../files/model-weights.ts';
import { readAdapter } from '../files/peft-adapter.ts';
import { readSentenceModules, sentenceVectors } from '../files/sentence-modules.ts';
import { createPooledReader } from './pooled-reader.ts';
import { cutToLength } from './pooling.ts';
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
  const limitedBy =
    modules.maxTokens < max_position_embeddings
      ? modules.limitedBy
      : 'max_position_embeddings of config.json';
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

  /** What the limit leaves may be special tokens and a prompt alone, or what all texts begin with. */
  function checkCut(prepared: readonly string[], tokens: readonly Int32Array[]): void {
    const read = tokens.filter(({ length }) => length > 0);
    const isCut = read.some(({ length }) => length >= maxTokens);
    const first = isCut ? String(cutToLength(read[0], maxTokens, pooling)) : '';
    if (!isCut || read.some((text) => String(cutToLength(text, maxTokens, pooling)) !== first)) return;
    const different = new Set(prepared.filter((_, i) => tokens[i].length > 0)).size;
    if (different < 2) return;
    throw new TslrecError(
      'bad-data',
      `${folder}: got the same tokens of all of ${different} different texts, because ` +
        `${limitedBy} cuts each to ${maxTokens}, special ones and a prompt included; expected room for ` +
        'what tells texts apart: correct that setting.',
    );
  }

  return {
    width,
    async embed(texts, task) {
      const prepared = texts.map(prepare);
      const tokens = await tokenizer.encode(prepared);
      checkCut(prepared, tokens);
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
