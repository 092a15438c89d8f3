// Publishing: a draft becomes a version that readers get. The encoder and the index file first (each whole or
// not at all), then one transaction with every row and the move of the active pointer: killed at any point,
// readers have the old version or the new one. A version is named after its run, so publishing again after a
// crash finishes or finds the same one.
import { invariant, TslrecError } from '../errors.ts';
import type { Database, Query } from './database.ts';
import { checkDraft, draftHash, type VersionDraft } from './draft.ts';
import { encodersFolder, writeEncoderFolder, wrongEncoder } from './encoder-folder.ts';
import {
  type IndexFile,
  indexFileOf,
  indexFolder,
  removeAbandonedFiles,
  writeIndexFile,
} from './index-file.ts';
import { areSameFiles, type ListedFiles } from './listed-files.ts';
import { insertRows } from './rows.ts';
import { requireRun, upsertFinishedRun } from './runs.ts';
import { type FolderVersion, readVersionFolder } from './version-folder.ts';
import { insertVersion, type Manifest, moveActiveVersion, selectVersion, type Version } from './versions.ts';

export type Failpoint =
  | 'publish:draft'
  | 'publish:before-index'
  | 'publish:after-rename'
  | 'publish:before-commit'
  | 'publish:after-commit';

export async function publish(
  database: Database,
  folder: string,
  draft: VersionDraft,
  failpoint: (name: Failpoint) => void,
): Promise<Version> {
  await requireRun(database.query, draft.runId);
  const published = await selectVersion(database.query, draft.runId);
  if (published) return published;

  await checkDraft(draft);
  const contentHash = await draftHash(draft);
  const createdAt = new Date().toISOString();
  return commit(database, folder, { draft, contentHash, createdAt }, failpoint);
}

export interface FolderPublication {
  readonly version: Version;
  /** False where the store had the version already, and nothing of it was changed. */
  readonly published: boolean;
  /** Whether a version that was there has got the files of its encoder back. */
  readonly encoderRestored: boolean;
}

/**
 * The same of a version folder, the run that made it included, which has then finished. What is published
 * already is left as it is.
 */
export async function publishFolder(
  database: Database,
  folder: string,
  versionFolder: string,
  failpoint: (name: Failpoint) => void,
): Promise<FolderPublication> {
  const whole = await readVersionFolder(versionFolder);
  const { draft, run } = whole;
  const version = await selectVersion(database.query, draft.runId);
  if (version) {
    checkSame(version, whole, versionFolder);
    const encoderRestored = (await wrongEncoder(folder, version)) !== undefined;
    if (encoderRestored) await writeEncoderFolder(folder, version.id, draft.encoder!);
    return { version, published: false, encoderRestored };
  }
  const finishRun = (query: Query) => upsertFinishedRun(query, run, draft.metrics);
  const made = await commit(database, folder, whole, failpoint, finishRun);
  return { version: made, published: true, encoderRestored: false };
}

function checkSame({ id, manifest }: Version, whole: FolderVersion, versionFolder: string): void {
  const differs =
    manifest.contentHash !== whole.contentHash
      ? 'another content'
      : areSameFiles(manifest.encoder?.files, whole.encoderFiles)
        ? undefined
        : 'another encoder';
  if (differs === undefined) return;
  throw new TslrecError(
    'conflict',
    `${versionFolder}: got version ${id} with ${differs} than the version of that id in the store has, ` +
      'expected the same; publish it in another store.',
  );
}

async function commit(
  database: Database,
  folder: string,
  version: Pick<FolderVersion, 'draft' | 'contentHash' | 'createdAt'>,
  failpoint: (name: Failpoint) => void,
  finishRun: (query: Query) => Promise<void> = async () => {},
): Promise<Version> {
  const { draft } = version;
  const encoder = await publishEncoder(folder, draft);
  failpoint('publish:before-index');
  const index = await publishIndex(folder, draft);
  failpoint('publish:after-rename');

  await database.transaction(async (query) => {
    await finishRun(query);
    // The run's row is locked: who publishes the same folder elsewhere has ended by now.
    if (await selectVersion(query, draft.runId)) return;
    await insertRows(query, draft);
    await insertVersion(query, draft.runId, manifestOf(version, index, encoder));
    await moveActiveVersion(query, draft.runId);
    failpoint('publish:before-commit');
  });
  failpoint('publish:after-commit');
  const published = await selectVersion(database.query, draft.runId);
  invariant(published !== undefined, `version ${draft.runId} is gone after its commit`);
  return published;
}

async function publishEncoder(
  folder: string,
  { runId, encoder }: VersionDraft,
): Promise<ListedFiles | undefined> {
  await removeAbandonedFiles(encodersFolder(folder));
  return encoder === undefined ? undefined : writeEncoderFolder(folder, runId, encoder);
}

async function publishIndex(
  folder: string,
  { runId, embeddings, dimension }: VersionDraft,
): Promise<IndexFile> {
  await removeAbandonedFiles(indexFolder(folder));
  return writeIndexFile({ file: indexFileOf(folder, runId), embeddings, dimension });
}

function manifestOf(
  { draft, contentHash, createdAt }: Pick<FolderVersion, 'draft' | 'contentHash' | 'createdAt'>,
  index: IndexFile,
  encoder: ListedFiles | undefined,
): Manifest {
  return {
    items: draft.items.length,
    users: draft.userIds.length,
    dimension: draft.dimension,
    categories: draft.categoryCount,
    contentHash,
    index,
    encoder: encoder && { files: encoder },
    createdAt,
    lineage: draft.lineage,
    metrics: draft.metrics,
  };
}
