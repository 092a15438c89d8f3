// Publishing: a draft becomes a version that readers get. The index file first (whole or not at all), then
// one transaction with every row and the move of the active pointer: killed at any point, readers have the
// old version or the new one. A version is named after its run, so publishing again after a crash finishes or
// finds the same one.
import { invariant } from '../errors.ts';
import type { Database } from './database.ts';
import { checkDraft, draftHash, type VersionDraft } from './draft.ts';
import {
  type IndexFile,
  indexFileOf,
  indexFolder,
  removeAbandonedFiles,
  writeIndexFile,
} from './index-file.ts';
import { insertRows } from './rows.ts';
import { requireRun } from './runs.ts';
import { insertVersion, type Manifest, moveActiveVersion, selectVersion, type Version } from './versions.ts';

export type Failpoint =
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

  checkDraft(draft);
  const hash = await draftHash(draft);
  failpoint('publish:before-index');
  const index = await publishIndex(folder, draft);
  failpoint('publish:after-rename');

  await database.transaction(async (query) => {
    await insertRows(query, draft);
    await insertVersion(query, draft.runId, manifestOf(draft, hash, index));
    await moveActiveVersion(query, draft.runId);
    failpoint('publish:before-commit');
  });
  failpoint('publish:after-commit');
  const version = await selectVersion(database.query, draft.runId);
  invariant(version !== undefined, `version ${draft.runId} is gone after its commit`);
  return version;
}

async function publishIndex(
  folder: string,
  { runId, embeddings, dimension }: VersionDraft,
): Promise<IndexFile> {
  await removeAbandonedFiles(indexFolder(folder));
  return writeIndexFile({ file: indexFileOf(folder, runId), embeddings, dimension });
}

function manifestOf(draft: VersionDraft, hash: string, index: IndexFile): Manifest {
  return {
    items: draft.items.length,
    users: draft.userIds.length,
    dimension: draft.dimension,
    categories: draft.categoryCount,
    contentHash: hash,
    index,
    createdAt: new Date().toISOString(),
    lineage: draft.lineage,
    metrics: draft.metrics,
  };
}
