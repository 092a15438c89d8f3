// Models by name, from the Hugging Face hub: the files that reading texts needs, each checked against the
// size and the hash that the hub tells, into a folder that appears at once or not at all. A model that is
// there is not asked for again.
import { createHash, type Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type FileDownloadInfoOutput, fileDownloadInfo, HubApiError, listFiles } from '@huggingface/hub';
import { TslrecError } from '../../errors.ts';
import { openAtomicFile, temporaryName } from '../../files.ts';
import type { Progress, ProgressTask } from '../../progress.ts';
import { createRandom } from '../../random.ts';
import { limited } from '../body-limit.ts';
import { type Patience, retry, systemClock } from '../retry.ts';

export interface HubOptions {
  /** The tslrec folder; models are kept in `models` there. */
  readonly folder: string;
  readonly progress: Progress;
  /** For models that are not open to everybody; sent to the hub alone. */
  readonly accessToken?: string;
  readonly hubUrl?: string;
  readonly limits?: HubLimits;
}

export interface HubLimits extends Patience {
  /** Longest wait for an answer, and then for the next part of it. */
  readonly deadlineMs: number;
}

const SECOND = 1000;
const LIMITS: HubLimits = {
  deadlineMs: 30 * SECOND,
  tries: 4,
  backoffMs: 4 * SECOND,
  longestWaitMs: 16 * SECOND,
};

const HUB_URL = 'https://huggingface.co';
/** A page of the list of a model's files has a thousand of them. */
const MOST_BYTES_OF_A_LIST = 2 ** 24;
const PREFIX = 'hub:';
const CONFIG = 'config.json';
export const HUB_NAME = /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/;
const megabytes = (bytes: number): number => Math.floor(bytes / 1e6);

/**
 * The folder that `model` means: itself, or where the model behind `hub:` is, downloaded where it is not
 * there yet.
 */
export async function modelFolder(model: string, options: HubOptions): Promise<string> {
  if (!model.startsWith(PREFIX)) {
    if (model !== '' && existsSync(path.join(model, CONFIG))) return model;
    throw new TslrecError(
      'bad-request',
      `"${model}": got no folder with a ${CONFIG}, expected a model folder, or hub:NAME for one from the ` +
        'Hugging Face hub; check the path.',
    );
  }
  const name = model.slice(PREFIX.length);
  if (!HUB_NAME.test(name)) {
    throw new TslrecError(
      'bad-request',
      `${model}: got a name that no model can have, expected one like ` +
        "hub:sentence-transformers/all-MiniLM-L6-v2; copy it from the model's page.",
    );
  }
  const folder = path.join(options.folder, 'models', name.replace('/', '--'));
  if (!existsSync(folder))
    await download(name, folder, options).catch((error) => refuse(error, model, options));
  return folder;
}

async function download(
  name: string,
  folder: string,
  { progress, accessToken, hubUrl = HUB_URL, limits = LIMITS }: HubOptions,
) {
  const fetchInTime: typeof fetch = async (url, init) => {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(limits.deadlineMs) });
    if (response.body === null) return response;
    const tooLong = () => new Error('it answers without end');
    return new Response(limited(response.body, MOST_BYTES_OF_A_LIST, tooLong), response);
  };
  const hub = { repo: name, hubUrl, accessToken, fetch: fetchInTime };
  const listed = await persistently(limits, () => collect(listFiles({ ...hub, recursive: true })));
  const files = neededFiles(name, listed);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const bar = progress.start(`download ${name} (MB)`, megabytes(total));
  const temporary = temporaryName(folder);
  try {
    for (const { path: file } of files) {
      await persistently(limits, async () => {
        const info = await fileDownloadInfo({ ...hub, path: file });
        if (!info) throw new Error(`${file} is listed and is not there`);
        const headers =
          accessToken && isAt(hubUrl, info.url) ? { Authorization: `Bearer ${accessToken}` } : undefined;
        await downloadFile(info, path.join(temporary, file), { headers, deadlineMs: limits.deadlineMs }, bar);
      });
    }
    await rename(temporary, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // otherwise another process was faster
  } finally {
    bar.done();
    await rm(temporary, { recursive: true, force: true });
  }
}

const isAt = (hubUrl: string, url: string): boolean => new URL(url).origin === new URL(hubUrl).origin;

async function collect<Entry>(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

/** What every model folder has beside its weights. */
export const ALWAYS = [CONFIG, 'tokenizer.json'];
/** How a model is asked in words, and where its answers end: what a model folder may have. */
export const IF_THERE = ['tokenizer_config.json', 'generation_config.json', 'chat_template.jinja'];
/** How the vectors of texts are made: sentence-modules.ts. */
const OF_SENTENCES = [
  /^(modules|sentence_[\w-]+_config|config_sentence_transformers)\.json$/,
  /^\d+_\w+\/(config\.json|model\.safetensors)$/,
];
const WHOLE = 'model.safetensors';
const IN_PARTS = /^model(-\d+-of-\d+\.safetensors|\.safetensors\.index\.json)$/;

function neededFiles<Entry extends { readonly path: string }>(
  name: string,
  listed: readonly Entry[],
): Entry[] {
  const names = new Set(listed.map(({ path: file }) => file));
  const isWeights = (file: string) => (names.has(WHOLE) ? file === WHOLE : IN_PARTS.test(file));
  if (!ALWAYS.every((file) => names.has(file)) || ![...names].some(isWeights)) {
    throw new TslrecError(
      'bad-data',
      `hub:${name}: got the files ${[...names].join(', ')}, expected ${ALWAYS.join(', ')} and ${WHOLE}, ` +
        'whole or in parts; give another model, or save this one in that form and give its folder.',
    );
  }
  return listed.filter(
    ({ path: file }) =>
      ALWAYS.includes(file) ||
      IF_THERE.includes(file) ||
      OF_SENTENCES.some((form) => form.test(file)) ||
      isWeights(file),
  );
}

/** Streams a file to its place; the file is there when all of it has come and is what the hub says. */
async function downloadFile(
  info: FileDownloadInfoOutput,
  file: string,
  { headers, deadlineMs }: { headers?: Record<string, string>; deadlineMs: number },
  bar: ProgressTask,
) {
  const target = openAtomicFile(file);
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error(`nothing came for ${deadlineMs / SECOND} s`)),
    deadlineMs,
  );
  let received = 0;
  try {
    const response = await fetch(info.url, { headers, signal: stalled.signal });
    if (!response.ok) throw new HubApiError(info.url, response.status);
    const { hash, expected } = hashOf(info);
    for await (const chunk of response.body!) {
      timer.refresh();
      if (received + chunk.length > info.size)
        throw new Error(`got more than the ${info.size} bytes of ${path.basename(file)} that it tells`);
      target.write(chunk);
      hash?.update(chunk);
      bar.advance(megabytes(received + chunk.length) - megabytes(received));
      received += chunk.length;
    }
    if (received !== info.size)
      throw new Error(`got ${received} of ${info.size} bytes of ${path.basename(file)}`);
    if (hash?.digest('hex') !== expected)
      throw new Error(`${path.basename(file)} came damaged: its hash is another one`);
    target.commit();
  } catch (error) {
    target.discard();
    bar.advance(-megabytes(received));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The hub's etag is the SHA-256 of a large file and git's hash of a small one. */
function hashOf({ etag, size }: FileDownloadInfoOutput): { hash?: Hash; expected?: string } {
  const expected = /[0-9a-f]{40,64}/.exec(etag)?.[0];
  if (expected?.length === 64) return { hash: createHash('sha256'), expected };
  if (expected?.length === 40) return { hash: createHash('sha1').update(`blob ${size}\0`), expected };
  return {};
}

/** Tries again whatever was not refused for good. */
const persistently = <Result>(patience: Patience, attempt: () => Promise<Result>): Promise<Result> =>
  retry(attempt, {
    patience,
    passing: (error) => (isFinal(error) ? undefined : {}),
    clock: systemClock,
    random: createRandom(crypto.randomUUID()),
  });

const PASSING = [408, 425, 429];

/** What a request fails with where there is no network, or none that leads there. */
const OFFLINE = ['ENOTFOUND', 'EAI_AGAIN', 'ENETDOWN', 'ENETUNREACH', 'EHOSTUNREACH'];

/** A request that the hub refuses, a file that cannot be written and a network that is not there stay so. */
function isFinal(error: unknown): boolean {
  if (error instanceof HubApiError) return error.statusCode < 500 && !PASSING.includes(error.statusCode);
  return error instanceof TslrecError || isOfFiles(error) || OFFLINE.includes(codeOf(error));
}

const isOfFiles = (error: unknown): boolean => (error as NodeJS.ErrnoException).path !== undefined;

function refuse(error: unknown, model: string, { hubUrl = HUB_URL, accessToken }: HubOptions): never {
  if (error instanceof TslrecError || isOfFiles(error)) throw error;
  if (error instanceof HubApiError && isFinal(error)) {
    throw new TslrecError(
      'bad-request',
      `${model}: ${hubUrl} answers ${error.statusCode}, which means that there is no such model or that it ` +
        `is not open to ${accessToken ? 'the owner of HF_TOKEN' : 'everybody'}; check the name, ` +
        `${accessToken ? '' : 'set HF_TOKEN to a token that may read it, '}or download its folder ` +
        'elsewhere and give the path.',
      { cause: error },
    );
  }
  throw new TslrecError(
    'unavailable',
    `${model} cannot be downloaded from ${hubUrl} (${reason(error)}); try again later, or download its ` +
      'folder elsewhere and give the path.',
    { cause: error },
  );
}

/** A request that has failed says why in its cause. */
function reason(error: unknown): string {
  if (error instanceof HubApiError) return `it answers ${error.statusCode}`;
  const code = codeOf(error);
  return OFFLINE.includes(code) ? `this machine is offline or does not find it: ${code}` : code;
}

const codeOf = (error: unknown): string => {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? message;
};
