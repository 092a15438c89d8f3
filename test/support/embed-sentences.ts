// The vectors that the command `embed` gives: those of sentence-transformers.
import type { Embeddings } from '../../src/language-model/language-model.ts';
import { loadLocalModel } from '../../src/language-model/local/local-model.ts';

export async function embedSentences(
  folder: string,
  texts: readonly string[],
  adapter?: string,
): Promise<Embeddings> {
  const model = await loadLocalModel(folder, { adapter, kind: 'sentence', readsOnly: true });
  return model.embed(texts).finally(model.release);
}
