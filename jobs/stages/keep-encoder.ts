// Stage: what was learnt, as one folder that turns any item's text into an embedding.
import path from 'node:path';
import { loadAdaptation } from '../../src/embeddings/adaptation.ts';
import type { EncoderLanguageModel } from '../../src/embeddings/encoder-language-model.ts';
import { saveItemEncoder } from '../../src/embeddings/item-encoder.ts';
import { loadTextFeatures } from '../../src/embeddings/text-features.ts';
import { invariant } from '../../src/errors.ts';
import type { ExternalModel } from '../../src/language-model/external/external-model.ts';
import type { Learning } from '../experiment.ts';
import type { Learnt } from '../learn.ts';
import { defineStage, runStage, stageFolder } from '../stage.ts';

/** Gives the encoder's folder. */
export async function keepEncoder(
  learning: Learning,
  { text, tuned, inferred, categories, augmented }: Learnt,
  external?: ExternalModel,
): Promise<string> {
  const stage = defineStage('item-encoder', 1, {
    adaptation: augmented.stage.key,
    text: text.map(({ key }) => key),
    languageModel: inferred.stage.key,
  });
  const encoderIn = (folder: string) => path.join(folder, 'encoder');
  await runStage(learning, stage, async ({ folder }) => {
    await saveItemEncoder(encoderIn(folder), {
      text: text.length > 0 ? await loadTextFeatures(text[0].folder) : undefined,
      languageModel: encoderModel(tuned, external),
      longestPrompt: learning.preset.languageModel.prompt.longest,
      categoryCount: categories.categoryCount,
      adaptation: await loadAdaptation(augmented.adaptationFile),
    });
    return { tensors: new Map(), facts: {} };
  });
  return encoderIn(stageFolder(learning, stage));
}

function encoderModel(tuned: Learnt['tuned'], external?: ExternalModel): EncoderLanguageModel {
  if (external?.kind === 'hosted') return { kind: 'hosted', source: external.source };
  if (!external) {
    invariant(tuned !== undefined, 'a model of our own reads here');
    return { kind: 'own', modelFolder: tuned.modelFolder, adapterFolder: tuned.adapterFolder };
  }
  const adapterFolder = tuned?.adapterFolder ?? external.adapter;
  invariant(adapterFolder !== undefined, 'a model that reads without a head has an adapter');
  const { baseSha256, source } = external;
  return { kind: 'open', model: { base: source.base, baseSha256 }, adapterFolder };
}
