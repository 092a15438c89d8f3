// What a tuned language model makes of every item and every user. The model is a small one trained here on
// the catalogue's own words, or one that somebody gives; whichever it is, here is decided who reads and how.

import type { ExternalModel } from '../../src/language-model/external/external-model.ts';
import { checkHead, type OpenModel } from '../../src/language-model/external/open-model.ts';
import { loadAdapter, loadBaseModel } from '../../src/language-model/files/model-folder.ts';
import { createLocalModel, loadLocalModel } from '../../src/language-model/local/local-model.ts';
import { type AskedModels, readByAsking } from '../../src/language-model/reading/read-by-asking.ts';
import { readLocally } from '../../src/language-model/reading/read-locally.ts';
import type { Before, TuningBefore } from '../before.ts';
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
  before: Pick<Before, 'tuning' | 'read'> = {},
): Promise<CatalogueReading> {
  const { preset, progress } = learning;
  const hasRead = (key: string) => before.read?.model === key;
  // Models that answer have been tuned before they are given.
  const byAsking = async (key: string, open: () => Promise<AskedModels>) => ({
    inferred: await infer(
      learning,
      samples,
      key,
      async (journal) =>
        readByAsking(await open(), categoryCount, { journal, progress, proven: hasRead(key) }),
      before.read,
    ),
  });
  if (model?.kind === 'hosted') return byAsking(model.source.sha256, async () => model.open());
  if (model?.adapter && !model.hasHead) return byAsking(model.source.sha256, () => inWords(model));
  // A language model learns the catalogue's words, unless one is given that knows more of them, then to infer
  // users' preferences from them, unless an adapter is given that does; in a night both stay as they are.
  const base = await baseModel(learning, model, before.tuning?.tuned?.modelFolder);
  const fineTuned = await tune(learning, samples, categoryCount, base, model, before.tuning);
  // It reads every item, cold ones included, and every user.
  const open = async () => {
    const limit = { maxTokens: longestPrompt(preset, base.architecture), kind: 'prompt' } as const;
    const { tokenizer } = base;
    const { model, key } = fineTuned;
    const name = 'the tuned model';
    const reader = createLocalModel({ name, model, tokenizer, limit, proven: hasRead(key) });
    return readLocally(reader, progress);
  };
  const inferred = await infer(learning, samples, fineTuned.key, open, before.read);
  base.tokenizer.release();
  return { tuned: { ...fineTuned, modelFolder: base.folder }, inferred };
}

async function tune(
  learning: Learning,
  samples: Samples,
  categoryCount: number,
  base: Base,
  model?: OpenModel,
  before?: TuningBefore,
): Promise<FineTuned> {
  if (model?.adapter) return tunedElsewhere(model.adapter, base, categoryCount);
  if (!before?.tuned) return fineTune(learning, samples, categoryCount, base, before);
  const { key, adapterFolder } = before.tuned;
  return { key, adapterFolder, model: await loadAdapter(adapterFolder, base), epochs: before.epochs };
}

async function inWords({ folder, adapter }: OpenModel): Promise<AskedModels> {
  const model = await loadLocalModel(folder, { adapter });
  return { embed: model, infer: { by: 'generate', model } };
}

/** What is tuned: a model that is given, or one that has read the catalogue. */
export async function baseModel(
  learning: Learning,
  openModel?: OpenModel,
  ownFolder?: string,
): Promise<Base> {
  const { own, external } = learning.preset.languageModel.sft.learningRate;
  if (ownFolder !== undefined && !openModel)
    return { ...(await loadBaseModel(ownFolder)), key: ownFolder, learningRate: own };
  return openModel
    ? { ...(await loadBaseModel(openModel.folder)), key: openModel.source.sha256, learningRate: external }
    : { ...(await pretrainLanguageModel(learning)), learningRate: own };
}

async function tunedElsewhere(adapterFolder: string, base: Base, categoryCount: number): Promise<FineTuned> {
  const model = await loadAdapter(adapterFolder, base);
  checkHead(adapterFolder, model.categoryCount, categoryCount);
  return { key: base.key, model, adapterFolder };
}
