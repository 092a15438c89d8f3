// By what tslrec knows its own earlier outputs: what is in them, whatever they are called. A file of a kind
// that has no room for a mark (a list of ids, lines of JSON, CSV) is known by its SHA-256, which a marked one
// beside it tells: when somebody has changed it, it is theirs. So is JSON that tells its own, once changed.
import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { sha256OfFiles } from '../../src/file-hash.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { jsonValue } from '../../src/json.ts';
import { isSealedJson } from '../../src/sealed-json.ts';
import type { IsOwn } from './output-file.ts';

/** The metadata of a file of weights. */
export const WEIGHTS_MARK = { producer: 'tslrec' } as const;

/** A NumPy file has no room for a mark, and stands alone. */
export const isNeverOwn: IsOwn = async () => false;

/** The producer is the second field of the model: its tag, its length, its name. */
export const isOwnOnnx: IsOwn = async (file) => (await begins(file, 16)).startsWith('\x12\x06tslrec', 2);

export const isOwnPage: IsOwn = async (file) =>
  (await begins(file, 1024)).includes('<meta name="generator" content="tslrec">');

const SKIPPED_ROW = /^\{"file":"[^"]*","line":\d+,"column":\d+,"reason":"/;

/** Empty where an earlier run has skipped nothing. */
export const isOwnSkippedRows: IsOwn = async (file) => {
  const text = await begins(file, 4096);
  return text === '' || SKIPPED_ROW.test(text);
};

export const isOwnWeights: IsOwn = async (file) => (await weightsMetadata(file)).producer === 'tslrec';

/** The ids of the rows of `weights`, whose metadata tell their SHA-256. */
export const isOwnIdsOf =
  (weights: string): IsOwn =>
  async (file) =>
    (await sha256OfFiles([file])) === (await weightsMetadata(weights)).idsSha256;

async function weightsMetadata(file: string): Promise<Readonly<Record<string, string>>> {
  try {
    const { metadata, close } = await openSafetensors(file);
    await close();
    return metadata;
  } catch {
    return {}; // it is not there, or no file of weights
  }
}

const list = z.array(z.unknown());
const hashes = z.record(z.string(), z.string());

const evaluation = z.object({ dataset: z.string(), rows: list, summary: list, curves: list });
export const isOwnEvaluation: IsOwn = async (file) => (await json(file, evaluation)) !== undefined;

const sft = z.object({ work: z.string(), chat: z.object({ templateHash: z.string() }), sha256: hashes });
const sample = z.object({ note: z.string().startsWith('SYNTHETIC: '), sha256: hashes });
export const isOwnSft: IsOwn = async (file) => (await json(file, sft)) !== undefined;
/** dataset.json and planted.json. */
export const isOwnSample: IsOwn = async (file) => isSealedJson((await smallText(file)) ?? '');

export const isListedInSft = listedIn('sft.json', sft);
export const isListedInSample = listedIn('dataset.json', sample);

function listedIn(name: string, schema: z.ZodType<{ readonly sha256: z.infer<typeof hashes> }>): IsOwn {
  return async (file) => {
    const manifest = await json(path.join(path.dirname(file), name), schema);
    return manifest?.sha256[path.basename(file)] === (await sha256OfFiles([file]));
  };
}

/** Larger ones are not read: tslrec writes none. */
const MOST_BYTES_OF_JSON = 2 ** 28;

async function json<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  return schema.safeParse(jsonValue((await smallText(file)) ?? '')).data;
}

async function smallText(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile() || found.size > MOST_BYTES_OF_JSON) return undefined;
  return readFile(file, 'utf8');
}

/** The first bytes, a character each. */
async function begins(file: string, bytes: number): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
