// The language model of an item encoder: what its folder says of it, what lies in the folder, and how it is
// opened again. A small one of tslrec's own lies there; somebody else's, which may be large, is named and
// known by its sha256; hosted ones are addresses. The token of a server is nowhere in it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { invariant, TslrecError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import { findHostedModels, type HostedModels } from '../language-model/external/hosted-models.ts';
import { ADAPTER_FILES, findOpenModel, type OpenModel } from '../language-model/external/open-model.ts';
import { loadLocalModel } from '../language-model/local/local-model.ts';
import type { CatalogueReader } from '../language-model/reading/catalogue-reader.ts';
import { readByAsking } from '../language-model/reading/read-by-asking.ts';
import { readLocally } from '../language-model/reading/read-locally.ts';
import { isThere } from '../named-file.ts';
import type { Progress } from '../progress.ts';

/** What read the items of the fit. */
export type EncoderLanguageModel =
  | { readonly kind: 'own'; readonly modelFolder: string; readonly adapterFolder: string }
  | {
      readonly kind: 'open';
      readonly model: Pick<OpenModel, 'baseSha256'> & { readonly base: string };
      readonly adapterFolder: string;
    }
  | { readonly kind: 'hosted'; readonly source: HostedModels['source'] };

/** As encoder.json has it. */
export const languageModelEntry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('own') }),
  z.strictObject({ kind: z.literal('open'), base: z.string(), sha256: z.string() }),
  z.strictObject({ kind: z.literal('hosted') }),
]);
type Entry = z.infer<typeof languageModelEntry>;

const MODEL = 'language-model';
const ADAPTER = 'adapter';
const HOSTED = 'hosted.json';

/** Writes its files into the encoder's folder, and gives what encoder.json says of it. */
export function saveLanguageModel(folder: string, languageModel: EncoderLanguageModel): Entry {
  switch (languageModel.kind) {
    case 'own':
      copyFiles(languageModel.modelFolder, path.join(folder, MODEL), readdirSync(languageModel.modelFolder));
      copyAdapter(languageModel.adapterFolder, path.join(folder, ADAPTER), `../${MODEL}`);
      return { kind: 'own' };
    case 'open': {
      const { base, baseSha256 } = languageModel.model;
      copyAdapter(languageModel.adapterFolder, path.join(folder, ADAPTER), base);
      return { kind: 'open', base, sha256: baseSha256 };
    }
    case 'hosted': {
      const { sha256, ...addresses } = languageModel.source;
      writeFileAtomically(path.join(folder, HOSTED), `${JSON.stringify(addresses, null, 2)}\n`);
      return { kind: 'hosted' };
    }
  }
}

function copyFiles(from: string, to: string, names: readonly string[]): void {
  for (const name of names) writeFileAtomically(path.join(to, name), [readFileSync(path.join(from, name))]);
}

/** `base` is where the adapter says that its model lies. */
function copyAdapter(from: string, to: string, base: string): void {
  const [config, ...weights] = ADAPTER_FILES;
  copyFiles(
    from,
    to,
    weights.filter((name) => isThere(path.join(from, name))),
  );
  const said = JSON.parse(readFileSync(path.join(from, config), 'utf8')) as object;
  const moved = { ...said, base_model_name_or_path: base };
  writeFileAtomically(path.join(to, config), `${JSON.stringify(moved, null, 2)}\n`);
}

export interface OpenLanguageModelOptions {
  /** K. */
  readonly categoryCount: number;
  /** Tokens of a text that are read. */
  readonly longestPrompt: number;
  /** Where somebody else's model lies on this machine, if not where it did: a folder or hub:NAME. */
  readonly base?: string;
  /** Where models from the hub are kept, and what it or a server may want. */
  readonly hubFolder: string;
  readonly accessToken?: string;
  readonly progress: Progress;
}

export async function openLanguageModel(
  folder: string,
  entry: Entry,
  options: OpenLanguageModelOptions,
): Promise<CatalogueReader> {
  const { categoryCount, progress, accessToken, longestPrompt } = options;
  if (entry.kind === 'hosted') {
    const models = await findHostedModels({ hosted: path.join(folder, HOSTED), accessToken });
    return readByAsking(models.open(), categoryCount, { progress, proven: true });
  }
  const adapter = path.join(folder, ADAPTER);
  // It has read the catalogue that the encoder was learnt on.
  const local = { adapter, maxTokens: longestPrompt, readsOnly: true, proven: true } as const;
  if (entry.kind === 'own')
    return readLocally(await loadLocalModel(path.join(folder, MODEL), local), progress);
  const base = options.base ?? entry.base;
  const found = await findOpenModel({ base, adapter, accessToken }, { folder: options.hubFolder, progress });
  invariant(found !== undefined, 'a base that is named is found or refused');
  if (found.baseSha256 !== entry.sha256) {
    throw new TslrecError(
      'bad-data',
      `${base}: got a model of other files (sha256 ${found.baseSha256}), expected the one that this ` +
        `encoder was learnt with (${entry.sha256}); say with --base where that one is.`,
    );
  }
  if (found.hasHead) return readLocally(await loadLocalModel(found.folder, local), progress);
  const model = await loadLocalModel(found.folder, { adapter });
  const asked = { embed: model, infer: { by: 'generate', model } } as const;
  return readByAsking(asked, categoryCount, { progress, proven: true });
}
