// How a tuned model reads a catalogue in this process.
import { createLocalModel } from '../../src/language-model/local/local-model.ts';
import type { TunedModel } from '../../src/language-model/pooled/tuned-model.ts';
import type { Tokenizer } from '../../src/language-model/tokenizer.ts';
import type { Progress } from '../../src/progress.ts';
import type { Preset } from '../presets.ts';
import { longestPrompt } from '../stages/fine-tune.ts';
import type { Read } from '../stages/infer.ts';

export const readLocally =
  (preset: Preset, tuned: TunedModel, tokenizer: Tokenizer, progress: Progress): Read =>
  async (itemTexts, userTexts) => {
    const limit = { maxTokens: longestPrompt(preset, tuned.architecture), kind: 'prompt' } as const;
    const model = createLocalModel({ name: 'the tuned model', model: tuned, tokenizer, limit });
    const items = await model.read(itemTexts, { task: { name: 'read items', progress } });
    const users = await model.read(userTexts, { task: { name: 'read users', progress } });
    await model.release();
    return {
      itemHidden: items.vectors,
      itemDistributions: items.probabilities,
      userDistributions: users.probabilities,
    };
  };
