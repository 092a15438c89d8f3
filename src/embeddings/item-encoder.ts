// The item encoder: all that turns an item's text into its enhanced embedding, as it was learnt: text
// features, the tuned language model, and the adaptation of both to the recommender's dimension. What an item
// has of its own beside that, its residual, is no part of it: an item that nobody has seen has none.
//
// Its folder:
//   encoder.json                what it is, and the sha256 of every other file; written last
//   text-features.safetensors, vocabulary.txt     TF-IDF + SVD; left out where no two items shared a word
//   language-model/, adapter/   the small model and what was tuned on it; of somebody else's model the
//                               adapter alone, of hosted ones hosted.json
//   adaptation.safetensors      block means, row lengths and the two layers
// Legend: n items, d width, K categories.
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { filesIn, sha256OfFiles } from '../file-hash.ts';
import { writeFolderAtomically } from '../files.ts';
import { knownText } from '../instructions/item-text.ts';
import { DEFAULT_PROMPT, itemPrompts } from '../instructions/sft-samples.ts';
import type { Item } from '../interactions/dataset.ts';
import { readNamedText } from '../named-file.ts';
import { isSealedJson, sealedJson } from '../sealed-json.ts';
import { type Adaptation, loadAdaptation, openAdaptation, saveAdaptation } from './adaptation.ts';
import {
  type EncoderLanguageModel,
  languageModelEntry,
  type OpenLanguageModelOptions,
  openLanguageModel,
  saveLanguageModel,
} from './encoder-language-model.ts';
import type { FeatureBlock } from './item-features.ts';
import { loadTextFeatures, saveTextFeatures, type TextFeatureModel, textTransform } from './text-features.ts';

export interface EncodedItems {
  /** [n, d] */
  readonly embeddings: Float32Array;
  /** The language model's distribution over the categories [n, K]. */
  readonly categories: Float32Array;
}

export interface ItemEncoder {
  /** d */
  readonly width: number;
  /** K */
  readonly categoryCount: number;
  /** What the items would have in the catalogue, had nobody touched them yet. */
  encode(items: readonly Item[]): Promise<EncodedItems>;
  release(): Promise<void>;
}

/** What was learnt, of which an encoder is made. */
export interface EncoderParts {
  /** Absent where no two items shared a word. */
  readonly text?: TextFeatureModel;
  readonly languageModel: EncoderLanguageModel;
  /** Tokens of a prompt that the language model reads. */
  readonly longestPrompt: number;
  /** K */
  readonly categoryCount: number;
  readonly adaptation: Adaptation;
}

const FORMAT = 1;
const LARGEST_DESCRIPTION = 1e7;
const DESCRIPTION = 'encoder.json';
const ADAPTATION = 'adaptation.safetensors';

export const TEXT_BLOCK = 'text';
export const LANGUAGE_MODEL_BLOCK = 'language model';

const description = z.strictObject({
  format: z.literal(FORMAT),
  width: z.int().positive(),
  categories: z.int().positive(),
  /** Columns, 0 where there are none. */
  textFeatures: z.int().nonnegative(),
  prompt: z.strictObject({ descriptionWords: z.int().nonnegative(), longest: z.int().positive() }),
  languageModel: languageModelEntry,
  files: z.record(z.string(), z.string()),
  contentSha256: z.string(),
});

/** Written whole or not at all. */
export async function saveItemEncoder(folder: string, parts: EncoderParts): Promise<void> {
  const { text, longestPrompt, categoryCount, adaptation } = parts;
  await writeFolderAtomically(folder, async (temporary) => {
    if (text) saveTextFeatures(temporary, text);
    saveAdaptation(path.join(temporary, ADAPTATION), adaptation);
    const languageModel = saveLanguageModel(temporary, parts.languageModel);
    const content = {
      format: FORMAT,
      width: adaptation.weights.get('adapter.outer.bias')!.shape[0],
      categories: categoryCount,
      textFeatures: text?.width ?? 0,
      prompt: { descriptionWords: DEFAULT_PROMPT.descriptionWords, longest: longestPrompt },
      languageModel,
      files: await hashesOf(temporary),
    };
    return { [DESCRIPTION]: sealedJson(content) };
  });
}

export type LoadEncoderOptions = Omit<OpenLanguageModelOptions, 'categoryCount' | 'longestPrompt'>;

/** Refuses a folder of another format, and one of which a file is missing, changed or too many. */
export async function loadItemEncoder(folder: string, options: LoadEncoderOptions): Promise<ItemEncoder> {
  const said = await readDescription(folder);
  await checkFiles(folder, said.files);
  const { categories: categoryCount, prompt } = said;
  const text =
    said.textFeatures === 0 ? undefined : { ...(await loadTextFeatures(folder)), name: TEXT_BLOCK };
  const transform = text && textTransform(text);
  const adaptation = await openAdaptation(await loadAdaptation(path.join(folder, ADAPTATION)));
  const reader = await openLanguageModel(folder, said.languageModel, {
    ...options,
    categoryCount,
    longestPrompt: prompt.longest,
  });
  const block = (name: string, values: Float32Array, n: number): FeatureBlock => ({
    name,
    width: values.length / n,
    values,
    rowLength: 0, // what the adaptation was fitted with counts
  });
  return {
    width: said.width,
    categoryCount,
    async encode(items) {
      const n = items.length;
      if (n === 0) return { embeddings: new Float32Array(), categories: new Float32Array() };
      const read = await reader.readItems(itemPrompts(items));
      const texts = items.map((item) => knownText(item, Number.POSITIVE_INFINITY));
      const blocks = [
        ...(transform ? [block(TEXT_BLOCK, transform(texts), n)] : []),
        block(LANGUAGE_MODEL_BLOCK, read.hidden, n),
      ];
      return { embeddings: await adaptation.apply(blocks), categories: read.distributions };
    },
    async release() {
      await Promise.all([adaptation.release(), reader.release()]);
    },
  };
}

async function readDescription(folder: string): Promise<z.infer<typeof description>> {
  const file = path.join(folder, DESCRIPTION);
  const text = await readNamedText(file, LARGEST_DESCRIPTION);
  if (!isSealedJson(text)) {
    throw new TslrecError(
      'bad-data',
      `${file}: got another content than what tslrec wrote; copy the folder again.`,
    );
  }
  const json = JSON.parse(text) as { readonly format?: unknown };
  if (json.format !== FORMAT) {
    throw new TslrecError(
      'bad-data',
      `${file}: got the format ${json.format}, expected ${FORMAT}; use the version of tslrec that wrote it.`,
    );
  }
  return description.parse(json);
}

/** By path in the folder, with slashes. */
async function hashesOf(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of filesIn(folder)) hashes[name] = await sha256OfFiles([path.join(folder, name)]);
  return hashes;
}

async function checkFiles(folder: string, expected: Readonly<Record<string, string>>): Promise<void> {
  const got = await hashesOf(folder);
  delete got[DESCRIPTION];
  const names = new Set([...Object.keys(expected), ...Object.keys(got)]);
  const wrong = [...names].find((name) => got[name] !== expected[name]);
  if (wrong === undefined) return;
  const found = !(wrong in got)
    ? 'is missing'
    : wrong in expected
      ? 'is another file than the one that was written'
      : 'is no file of an encoder';
  throw new TslrecError('bad-data', `${path.join(folder, wrong)} ${found}; copy the whole folder again.`);
}
