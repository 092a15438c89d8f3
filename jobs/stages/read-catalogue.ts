// What a tuned language model makes of every item and every user. The model is a small one trained here on
// the catalogue's own words, or one that somebody gives; whichever it is, here is decided who reads and how.

import type { ExternalModel } from '../../src/language-model/external/external-model.ts';
import { checkHead, type OpenModel } from '../../src/language-model/external/open-model.ts';
import { loadAdapter, loadBaseModel } from '../../src/language-model/files/model-folder.ts';
import { createLocalModel, loadLocalModel } from '../../src/language-model/local/local-model.ts';
import { type AskedModels, readByAsking } from '../../src/language-model/reading/read-by-asking.ts';
import { readLocally } from '../../src/language-model/reading/read-locally.ts';
import type { Learning } from '../experiment.ts';
import { type Base, type FineTuned, fineTune, longestPrompt } from './fine-tune.ts';
import { type Inferred, infer } from './infer.ts';
import type { Samples } from './instruct.ts';
import { pretrainLanguageModel } from './pretrain-language-model.ts';

export interface CatalogueReading {
  /** The model that has read, unless it was asked: then nothing of it is needed. */
  readonly tuned?: FineTuned & { readonly modelFolder: string };
  readonly inferred: Inferred;
}

export async function readCatalogue(
  learning: Learning,
  samples: Samples,
  categoryCount: number,
  model?: ExternalModel,
): Promise<CatalogueReading> {
  const { preset, progress } = learning;
  // Models that answer have been tuned before they are given.
  const byAsking = async (models: AskedModels, key: string) => ({
    inferred: await infer(learning, samples, key, (journal) =>
      readByAsking(models, categoryCount, { journal, progress }),
    ),
  });
  if (model?.kind === 'hosted') return byAsking(model, model.source.sha256);
  if (model?.adapter && !model.hasHead) return byAsking(await inWords(model), model.source.sha256);
  // A language model learns the catalogue's words, unless one is given that knows more of them, ...
  const base = await baseModel(learning, model);
  // ... then to infer users' preferences from them, unless an adapter is given that does.
  const fineTuned = model?.adapter
    ? await tunedElsewhere(model.adapter, base, categoryCount)
    : await fineTune(learning, samples, categoryCount, base);
  // It reads every item, cold ones included, and every user.
  const inferred = await infer(learning, samples, fineTuned.key, async () => {
    const limit = { maxTokens: longestPrompt(preset, base.architecture), kind: 'prompt' } as const;
    const { tokenizer } = base;
    const reader = createLocalModel({ name: 'the tuned model', model: fineTuned.model, tokenizer, limit });
    return readLocally(reader, progress);
  });
  base.tokenizer.release();
  return { tuned: { ...fineTuned, modelFolder: base.folder }, inferred };
}

async function inWords({ folder, adapter }: OpenModel): Promise<AskedModels> {
  const model = await loadLocalModel(folder, { adapter });
  return { embed: model, infer: { by: 'generate', model } };
}

/** What is tuned: a model that is given, or one that has read the catalogue. */
export async function baseModel(learning: Learning, openModel?: OpenModel): Promise<Base> {
  const { own, external } = learning.preset.languageModel.sft.learningRate;
  return openModel
    ? { ...(await loadBaseModel(openModel.folder)), key: openModel.source.sha256, learningRate: external }
    : { ...(await pretrainLanguageModel(learning)), learningRate: own };
}

async function tunedElsewhere(adapterFolder: string, base: Base, categoryCount: number): Promise<FineTuned> {
  const model = await loadAdapter(adapterFolder, base);
  checkHead(adapterFolder, model.categoryCount, categoryCount);
  return { key: base.key, model, adapterFolder };
}
