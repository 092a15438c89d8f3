// How a model with a category head reads a catalogue in this process.
import type { Progress } from '../../progress.ts';
import type { LanguageModel } from '../language-model.ts';
import type { CatalogueReader } from './catalogue-reader.ts';

/** The model is released with the reader. */
export function readLocally(model: LanguageModel, progress: Progress): CatalogueReader {
  return {
    async readItems(texts) {
      const read = await model.read(texts, { task: { name: 'read items', progress } });
      return { hidden: read.vectors, distributions: read.probabilities };
    },
    async readUsers(texts) {
      const read = await model.read(texts, { task: { name: 'read users', progress } });
      return { distributions: read.probabilities };
    },
    release: () => model.release(),
  };
}
