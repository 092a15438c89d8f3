// How a tuned model reads a catalogue in this process.

import { readTexts, type TunedModel } from '../../src/language-model/pooled/tuned-model.ts';
import type { Tokenizer } from '../../src/language-model/tokenizer.ts';
import type { Progress } from '../../src/progress.ts';
import type { Preset } from '../presets.ts';
import { longestPrompt } from '../stages/fine-tune.ts';
import type { Read } from '../stages/infer.ts';

export const readLocally =
  (preset: Preset, model: TunedModel, tokenizer: Tokenizer, progress: Progress): Read =>
  async (itemTexts, userTexts) => {
    const maxTokens = longestPrompt(preset, model.architecture);
    const read = async (name: string, texts: readonly string[]) =>
      readTexts(model, await tokenizer.encode(texts), { maxTokens, name, progress });
    const items = await read('read items', itemTexts);
    const users = await read('read users', userTexts);
    return {
      itemHidden: items.hidden,
      itemDistributions: items.distributions,
      userDistributions: users.distributions,
    };
  };
