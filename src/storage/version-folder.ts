// A whole version outside a database: what a refresh has learnt and has not published yet, or what is taken
// from one store to another. Its folder, format 1:
//   version.json          what the version is, the run that made it, length and sha256 of every other file;
//                         sealed, written last
//   vectors.safetensors   embeddings [N, d], itemCategories [N] (-1 where unknown), inferredItemCategories
//                         [N, K], priorPreferences [U, K], inferredPreferences [U, K]; all float32
//   items.jsonl           {"item_id", "title", "description", "attributes"} a line, in the order of the rows
//   users.jsonl           a user's id a line, as JSON, in the order of the rows
//   encoder/              the encoder, if the version has one
// N items, U users, d embedding width, K latent categories.
import path from 'node:path';
import * as z from 'zod';
import { invariant, TslrecError } from '../errors.ts';
import { writeFileAtomically, writeFolderAtomically } from '../files.ts';
import { type NamedTensor, openSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import type { Item } from '../interactions/dataset.ts';
import { jsonValue } from '../json.ts';
import { isThere, readNamedText } from '../named-file.ts';
import { isSealedJson, sealedJson } from '../sealed-json.ts';
import { forEachLine } from '../tables/lines.ts';
import { checkDraft, draftHash, type VersionDraft } from './draft.ts';
import { copyFiles, type ListedFiles, listFiles, wrongFile } from './listed-files.ts';
import type { RunRecord } from './runs.ts';

export interface WholeVersion {
  /** The encoder may be anywhere; of a folder that was read it is the one in it. */
  readonly draft: VersionDraft;
  /** The one that the draft names. */
  readonly run: RunRecord;
  /** ISO 8601: when the version was made, which every store that it comes to keeps. */
  readonly createdAt: string;
}

export interface FolderVersion extends WholeVersion {
  readonly contentHash: string;
  /** By path in the encoder's folder; absent where there is none. */
  readonly encoderFiles?: ListedFiles;
}

const FORMAT = 1;
const LARGEST_DESCRIPTION = 1e8;
const DESCRIPTION = 'version.json';
const VECTORS = 'vectors.safetensors';
const ITEMS = 'items.jsonl';
const USERS = 'users.jsonl';
const ENCODER = 'encoder';

/** What may stand in a version folder. */
export const VERSION_FOLDER_NAMES: readonly string[] = [DESCRIPTION, VECTORS, ITEMS, USERS, ENCODER];

const json = z.record(z.string(), z.unknown());
const count = z.int().nonnegative();
const date = z.iso.datetime().transform((text) => new Date(text));

const description = z.strictObject({
  format: z.literal(FORMAT),
  run: z.object({
    runId: z.string(),
    key: z.string(),
    command: z.string(),
    options: json,
    startedAt: date,
    runningSince: date.nullable(),
    finishedAt: date.nullable(),
    host: z.string().nullable(),
    processId: z.int().nullable(),
    stages: z.array(z.object({ stage: z.string(), seconds: z.number(), details: json, finishedAt: date })),
  }),
  createdAt: z.iso.datetime(),
  items: count,
  users: count,
  dimension: count,
  categories: count,
  lineage: json,
  metrics: json,
  contentHash: z.string(),
  files: z.record(z.string(), z.strictObject({ bytes: count, sha256: z.string() })),
  contentSha256: z.string(),
});
type Description = z.infer<typeof description>;

/** Whole or not at all, in place of a folder that is there. */
export async function writeVersionFolder(
  folder: string,
  { draft, run, createdAt }: WholeVersion,
): Promise<void> {
  invariant(run.runId === draft.runId, `the draft of run ${draft.runId} comes with run ${run.runId}`);
  await checkDraft(draft);
  await writeFolderAtomically(folder, async (temporary) => {
    writeSafetensors(path.join(temporary, VECTORS), tensorsOf(draft));
    writeFileAtomically(path.join(temporary, ITEMS), itemLines(draft.items));
    writeFileAtomically(path.join(temporary, USERS), userLines(draft.userIds));
    if (draft.encoder !== undefined) await copyFiles(draft.encoder, path.join(temporary, ENCODER));
    const content = {
      format: FORMAT,
      run,
      createdAt,
      items: draft.items.length,
      users: draft.userIds.length,
      dimension: draft.dimension,
      categories: draft.categoryCount,
      lineage: draft.lineage,
      metrics: draft.metrics,
      contentHash: await draftHash(draft),
      files: await listFiles(temporary),
    };
    // As it will be read: a date is then a text, what is undefined is not there.
    return { [DESCRIPTION]: sealedJson(JSON.parse(JSON.stringify(content))) };
  });
}

/** What version.json says; refuses a folder of another format, and one of which a file is not as it was. */
export async function checkVersionFolder(folder: string): Promise<Description> {
  const file = path.join(folder, DESCRIPTION);
  if (!isThere(file)) {
    throw new TslrecError(
      'bad-data',
      `${folder}: got no ${DESCRIPTION}, which is written last, expected a whole version; give a folder ` +
        'that `npx tslrec export-version` has written.',
    );
  }
  const text = await readNamedText(file, LARGEST_DESCRIPTION);
  if (!isSealedJson(text)) throw notWritten(file);
  const said = JSON.parse(text) as { readonly format?: unknown };
  if (said.format !== FORMAT) {
    throw new TslrecError(
      'bad-data',
      `${file}: got the format ${JSON.stringify(said.format)}, expected ${FORMAT}; use the version of ` +
        'tslrec that wrote it.',
    );
  }
  const parsed = description.safeParse(said);
  if (!parsed.success) throw notWritten(file);
  const wrong = await wrongFile(folder, parsed.data.files, DESCRIPTION);
  if (wrong !== undefined) throw new TslrecError('bad-data', `${wrong}; copy the whole folder again.`);
  return parsed.data;
}

/** Refuses what `checkVersionFolder` does, and a content of which the hash is not the one that was told. */
export async function readVersionFolder(folder: string): Promise<FolderVersion> {
  const { run, createdAt, contentHash, files, ...said } = await checkVersionFolder(folder);
  const encoderFiles = encoderFilesIn(files);
  const draft: VersionDraft = {
    runId: run.runId,
    items: await readItems(path.join(folder, ITEMS)),
    ...(await readVectors(path.join(folder, VECTORS))),
    dimension: said.dimension,
    categoryCount: said.categories,
    userIds: await readUsers(path.join(folder, USERS)),
    lineage: said.lineage,
    metrics: said.metrics,
    encoder: encoderFiles && path.join(folder, ENCODER),
  };
  await checkDraft(draft).catch((error) => {
    throw error instanceof TslrecError ? new TslrecError(error.code, `${folder}: ${error.message}`) : error;
  });
  const hash = await draftHash(draft);
  if (hash === contentHash) return { draft, run, createdAt, contentHash, encoderFiles };
  throw new TslrecError(
    'bad-data',
    `${folder}: got the content hash ${hash}, expected ${contentHash}; copy the whole folder again.`,
  );
}

const notWritten = (file: string): TslrecError =>
  new TslrecError(
    'bad-data',
    `${file}: got another content than what tslrec wrote; copy the whole folder again.`,
  );

function encoderFilesIn(files: ListedFiles): ListedFiles | undefined {
  const inEncoder = Object.entries(files).filter(([name]) => name.startsWith(`${ENCODER}/`));
  if (inEncoder.length === 0) return undefined;
  return Object.fromEntries(inEncoder.map(([name, file]) => [name.slice(ENCODER.length + 1), file]));
}

function tensorsOf(draft: VersionDraft): Map<string, NamedTensor> {
  const { items, userIds, dimension, categoryCount } = draft;
  const [N, U, d, K] = [items.length, userIds.length, dimension, categoryCount];
  return new Map([
    ['embeddings', { shape: [N, d], values: draft.embeddings }],
    ['itemCategories', { shape: [N], values: Float32Array.from(draft.itemCategories) }],
    ['inferredItemCategories', { shape: [N, K], values: draft.inferredItemCategories }],
    ['priorPreferences', { shape: [U, K], values: draft.priorPreferences }],
    ['inferredPreferences', { shape: [U, K], values: draft.inferredPreferences }],
  ]);
}

async function readVectors(file: string) {
  const { shapes, tensor, close } = await openSafetensors(file);
  const read = async (name: string) => {
    if (!shapes.has(name)) throw notWritten(file);
    return (await tensor(name)).values;
  };
  try {
    return {
      embeddings: await read('embeddings'),
      itemCategories: Int32Array.from(await read('itemCategories')),
      inferredItemCategories: await read('inferredItemCategories'),
      priorPreferences: await read('priorPreferences'),
      inferredPreferences: await read('inferredPreferences'),
    };
  } finally {
    await close();
  }
}

function* itemLines(items: readonly Item[]): Generator<string> {
  for (const { itemId, title, description: text, attributes } of items)
    yield `${JSON.stringify({ item_id: itemId, title, description: text, attributes })}\n`;
}

function* userLines(userIds: readonly string[]): Generator<string> {
  for (const userId of userIds) yield `${JSON.stringify(userId)}\n`;
}

const item = z.strictObject({
  item_id: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
});

async function readItems(file: string): Promise<Item[]> {
  const items = await readLines(file, item);
  return items.map(({ item_id: itemId, ...rest }) => ({ itemId, ...rest }));
}

const readUsers = (file: string): Promise<string[]> => readLines(file, z.string());

async function readLines<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.infer<Schema>[]> {
  const rows: z.infer<Schema>[] = [];
  await forEachLine(file, (text) => {
    const { success, data } = schema.safeParse(jsonValue(text));
    if (!success) throw notWritten(file);
    rows.push(data);
  });
  return rows;
}
