// What a model in memory makes of texts that are given as tokens.
import type { Distributions, Embeddings } from '../../src/language-model/language-model.ts';
import { createLocalModel } from '../../src/language-model/local/local-model.ts';
import type { ReadingModel } from '../../src/language-model/pooled/text-reader.ts';
import type { Tokenizer } from '../../src/language-model/tokenizer.ts';

/** Its texts are the numbers of their tokens: "1 5 9". */
export const numberTokenizer: Tokenizer = {
  vocabularySize: 2 ** 31,
  encode: async (texts) => texts.map((text) => Int32Array.from(text.match(/\d+/g) ?? [], Number)),
  decode: async (tokens) => tokens.join(' '),
  release() {},
};

export async function readTokens(
  model: ReadingModel,
  texts: readonly Int32Array[],
  maxTokens: number,
): Promise<Embeddings & Distributions> {
  const limit = { maxTokens, kind: 'prompt' } as const;
  const local = createLocalModel({ name: 'of tokens', model, tokenizer: numberTokenizer, limit });
  return local.read(texts.map((tokens) => tokens.join(' '))).finally(local.release);
}
