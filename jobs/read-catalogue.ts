// The middle of the flow: from one sample a user to what a tuned language model makes of every item and every
// user. The model is a small one trained here on the catalogue's own words, or one that somebody brings.
import type { SftSample } from '../src/instructions/sft-samples.ts';
import { DEFAULT_PROMPT, renderPrompt } from '../src/instructions/sft-samples.ts';
import type { Dataset, Item } from '../src/interactions/dataset.ts';
import { loadAdapter, loadBaseModel } from '../src/language-model/files/model-folder.ts';
import { loadLocalModel } from '../src/language-model/local/local-model.ts';
import type { ExternalModel } from './external-model/external-model.ts';
import { checkHead, type OpenModel } from './external-model/open-model.ts';
import type { Preset } from './presets.ts';
import { type AskedModels, readByAsking } from './reading/read-by-asking.ts';
import { readLocally } from './reading/read-locally.ts';
import type { StageContext } from './stage.ts';
import { type Base, type FineTuned, fineTune } from './stages/fine-tune.ts';
import { type Inferred, infer, type Read } from './stages/infer.ts';
import { pretrainLanguageModel } from './stages/pretrain-language-model.ts';

export interface CatalogueReading {
  /** The model that has read, unless it was asked: then nothing of it is needed. */
  readonly tuned?: FineTuned & { readonly modelFolder: string };
  readonly inferred: Inferred;
}

/** Learning rates of the user-level SFT: what has only read this catalogue has little to lose. */
const OWN_LEARNING_RATE = 2e-3;
const OPEN_LEARNING_RATE = 5e-4;

export async function readCatalogue(
  context: StageContext,
  dataset: Dataset,
  samples: readonly SftSample[],
  categoryCount: number,
  preset: Preset,
  model?: ExternalModel,
): Promise<CatalogueReading> {
  const { progress } = context;
  const read = (by: Read) => infer(context, by, itemPrompts(dataset.items), dataset.userIds, samples);
  // Models that answer have been tuned before they are brought.
  const byAsking = async (models: AskedModels) => ({
    inferred: await read(readByAsking(models, categoryCount, progress)),
  });
  if (model?.kind === 'hosted') return byAsking(model);
  if (model?.adapter && !model.hasHead) return byAsking(await inWords(model));
  // A language model learns the catalogue's words, unless one is brought that knows more of them, ...
  const base = await baseModel(context, dataset.items, preset, model);
  // ... then to infer users' preferences from them, unless an adapter is brought that does.
  const fineTuned = model?.adapter
    ? await tunedElsewhere(model.adapter, base, categoryCount)
    : await fineTune(context, samples, categoryCount, base, preset);
  // It reads every item, cold ones included, and every user.
  const inferred = await read(readLocally(fineTuned.model, base.tokenizer, progress));
  base.tokenizer.release();
  return { tuned: { ...fineTuned, modelFolder: base.folder }, inferred };
}

async function inWords({ folder, adapter }: OpenModel): Promise<AskedModels> {
  const model = await loadLocalModel(folder, { adapter });
  return { embed: model, infer: { by: 'generate', model } };
}

/** What is tuned: a model that is brought, or one that has read the catalogue. */
export async function baseModel(
  context: StageContext,
  items: readonly Item[],
  preset: Preset,
  openModel?: OpenModel,
): Promise<Base> {
  return openModel
    ? { ...(await loadBaseModel(openModel.folder)), learningRate: OPEN_LEARNING_RATE }
    : { ...(await pretrainLanguageModel(context, items, preset)), learningRate: OWN_LEARNING_RATE };
}

/** An item alone, asked about in the words in which users are. */
export const itemPrompts = (items: readonly Item[]): string[] =>
  items.map((item) => renderPrompt([item], DEFAULT_PROMPT.descriptionWords));

async function tunedElsewhere(adapterFolder: string, base: Base, categoryCount: number): Promise<FineTuned> {
  const model = await loadAdapter(adapterFolder, base);
  checkHead(adapterFolder, model.categoryCount, categoryCount);
  return { model, adapterFolder };
}
