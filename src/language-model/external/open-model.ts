// A language model that somebody gives as files: a model folder or a name on the hub, to be tuned here, or an
// adapter that was tuned on one elsewhere.
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { sha256Of, sha256OfFiles } from '../../file-hash.ts';
import { isThere } from '../../named-file.ts';
import type { Progress } from '../../progress.ts';
import { type Architecture, parametersOf, readArchitecture, readDecoder } from '../architecture.ts';
import { readTokenizer } from '../files/folder-tokenizer.ts';
import { ALWAYS, HUB_NAME, IF_THERE, modelFolder } from '../files/hub.ts';
import { readJsonFile, shown } from '../files/json-file.ts';
import { HEAD_FILE, readHead } from '../files/model-folder.ts';
import { checkModelWeights } from '../files/model-weights.ts';
import { readAdapter } from '../files/peft-adapter.ts';
import { readSentenceModules, sentenceFiles } from '../files/sentence-modules.ts';
import { isolatedCode } from '../isolated/isolated-code.ts';
import { readChatTemplate } from '../local/chat-template.ts';
import { SAMPLES_ADVICE, type TrainedOn } from './trained-on.ts';

export interface OpenModelFiles {
  /** A model folder, or hub:NAME; the one that the adapter names where it is left out. */
  readonly base?: string;
  /**
   * The folder of a LoRA adapter, with its category head if it has one; one is trained here where it is left
   * out.
   */
  readonly adapter?: string;
  /** Sent to the hub alone. */
  readonly accessToken?: string;
}

export interface OpenModel {
  readonly kind: 'open';
  readonly folder: string;
  readonly adapter?: string;
  /** Whether the adapter has a category head; one without was tuned to tell its distributions in words. */
  readonly hasHead: boolean;
  readonly trainedOn?: TrainedOn;
  /** Over the files of the base alone. */
  readonly baseSha256: string;
  /** For lineage. `sha256` is over all files of both: what the stages after this one depend on. */
  readonly source: { readonly base: string; readonly adapter?: string; readonly sha256: string };
}

/** Nothing where nobody brings one. Downloads what is not here yet. */
export async function findOpenModel(
  { base, adapter, accessToken }: OpenModelFiles,
  hub: { readonly folder: string; readonly progress: Progress },
): Promise<OpenModel | undefined> {
  const named = base ?? (adapter && (await baseOf(adapter)));
  if (named === undefined) return undefined;
  const folder = await modelFolder(named, { ...hub, accessToken });
  const hasHead = adapter !== undefined && isThere(path.join(adapter, HEAD_FILE));
  // Read now: a mistake in the files is reported before the recommender is trained.
  const architecture = await readArchitecture(folder);
  const weights = await checkModelWeights(folder, architecture.kind, parametersOf(architecture));
  const files = [
    ...ALWAYS.map((name) => path.join(folder, name)),
    ...weights,
    ...(await sentenceFiles(folder)),
  ];
  await readSentenceModules(folder, architecture.config.hidden_size);
  if (adapter !== undefined) {
    await readAdapter(adapter, architecture);
    // Without a head it is asked in words, which an encoder cannot answer.
    if (hasHead) await readHead(adapter, architecture.config.hidden_size);
    else await readDecoder(folder);
    if (!hasHead) files.push(...IF_THERE.map((name) => path.join(folder, name)).filter(isThere));
  }
  const baseSha256 = await sha256OfFiles(files);
  const trainedOn = adapter === undefined ? undefined : await readTrainedOn(adapter);
  await checkCode(folder, architecture);
  return {
    kind: 'open',
    folder,
    adapter,
    hasHead,
    trainedOn,
    baseSha256,
    source: { base: named, adapter, sha256: adapter ? await withAdapter(baseSha256, adapter) : baseSha256 },
  };
}

/** The files of an adapter, of which the head may be missing. */
export const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors', HEAD_FILE];

async function withAdapter(baseSha256: string, adapter: string): Promise<string> {
  const files = ADAPTER_FILES.map((name) => path.join(adapter, name)).filter(isThere);
  return sha256Of([baseSha256, await sha256OfFiles(files)]);
}

/** The tokenizer and the chat template, as far as that shows without texts. */
async function checkCode(folder: string, { config }: Architecture): Promise<void> {
  const code = isolatedCode();
  try {
    const tokenizer = await readTokenizer(folder, { vocabularySize: config.vocab_size, code });
    await tokenizer.encode(['']);
    await readChatTemplate(folder, code);
  } finally {
    code.release();
  }
}

/**
 * PEFT writes down what it has tuned. An adapter that somebody sends could so name any folder or any model on
 * the hub: followed is only what lies in its folder or beside it, as a refresh leaves the two.
 */
async function baseOf(adapter: string): Promise<string> {
  const file = path.join(adapter, 'adapter_config.json');
  const { base_model_name_or_path: named } = await readJsonFile(
    file,
    z.object({ base_model_name_or_path: z.string().min(1, 'expected a name') }),
    'name the model with --base',
  );
  const beside = path.join(adapter, named);
  if (!path.isAbsolute(named) && (await isInOrBeside(beside, adapter))) return beside;
  throw new TslrecError(
    'bad-request',
    `${file}: got the model ${shown(named)}, which lies neither in the adapter's folder nor beside it, ` +
      `and is therefore to be named: give --base ${namedFor(beside, named)}.`,
  );
}

function namedFor(beside: string, named: string): string {
  const found = [beside, named].find((folder) => existsSync(folder));
  if (found !== undefined) return inShell(found);
  return HUB_NAME.test(named) ? `hub:${named}` : 'and the folder of that model';
}

async function isInOrBeside(folder: string, adapter: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const [at, from] = await Promise.all([folder, adapter].map((name) => realpath(name)));
  return path.dirname(at) === path.dirname(from) || at.startsWith(from + path.sep);
}

/** As one word of a command line, whatever it holds. */
const inShell = (word: string): string =>
  /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** jobs/finetune_trl.py keeps beside a head what it was trained on. */
async function readTrainedOn(adapter: string): Promise<TrainedOn | undefined> {
  const file = path.join(adapter, 'sft.json');
  return isThere(file)
    ? { file, ...(await readJsonFile(file, z.object({ work: z.string() }), SAMPLES_ADVICE)) }
    : undefined;
}

/** Where nothing is written down, the number of categories has to do. */
export function checkHead(adapter: string, got: number, categoryCount: number): void {
  if (got === categoryCount) return;
  throw new TslrecError(
    'bad-data',
    `${path.join(adapter, HEAD_FILE)}: got a head over ${got} categories, expected the ${categoryCount} of ` +
      `this data; ${SAMPLES_ADVICE}.`,
  );
}
