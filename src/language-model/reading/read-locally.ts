// How a tuned model reads a catalogue in this process.
import type { Progress } from '../../progress.ts';
import { createLocalModel } from '../local/local-model.ts';
import type { TunedModel } from '../pooled/tuned-model.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { CatalogueReader } from './catalogue-reader.ts';

export interface LocalReaderOptions {
  /** Tokens of a text that are read, if the model has as many positions. */
  readonly longest: number;
  readonly progress: Progress;
}

/** The tokenizer stays the caller's to release. */
export function readLocally(
  model: TunedModel,
  tokenizer: Tokenizer,
  { longest, progress }: LocalReaderOptions,
): CatalogueReader {
  const maxTokens = Math.min(longest, model.architecture.config.max_position_embeddings);
  const limit = { maxTokens, kind: 'prompt' } as const;
  const reader = createLocalModel({ name: 'the tuned model', model, tokenizer, limit });
  return {
    async readItems(texts) {
      const read = await reader.read(texts, { task: { name: 'read items', progress } });
      return { hidden: read.vectors, distributions: read.probabilities };
    },
    async readUsers(texts) {
      const read = await reader.read(texts, { task: { name: 'read users', progress } });
      return { distributions: read.probabilities };
    },
    release: () => reader.release(),
  };
}
