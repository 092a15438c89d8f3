// Drafts that wait to be published: `drafts/<run>/`, whole version folders (version-folder.ts). A refresh of
// a store in a folder leaves one; who has the database publishes it, the refresh itself or the server that
// serves the folder meanwhile, and leaves what came of it beside it for the refresh to read.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import { jsonValue } from '../json.ts';
import type { Log } from '../log.ts';
import { removeRunFile } from './run-files.ts';
import type { Store } from './store.ts';

const draftsFolder = (folder: string): string => path.join(folder, 'drafts');

export const draftFolderOf = (folder: string, runId: string): string =>
  path.join(draftsFolder(folder), runId);

const outcomeFile = (folder: string, runId: string): string => `${draftFolderOf(folder, runId)}.outcome.json`;

const outcome = z.union([z.object({ version: z.string() }), z.object({ error: z.string() })]);
export type Outcome = z.infer<typeof outcome>;

/** The runs whose drafts are whole, the oldest first. */
export function waitingDrafts(folder: string): string[] {
  const drafts = draftsFolder(folder);
  if (!existsSync(drafts)) return [];
  return readdirSync(drafts, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.endsWith('.tmp'))
    .map(({ name }) => name)
    .sort();
}

/** What somebody else has made of a draft; undefined while it waits. */
export async function takeOutcome(folder: string, runId: string): Promise<Outcome | undefined> {
  const file = outcomeFile(folder, runId);
  if (!existsSync(file)) return undefined;
  const read = outcome.safeParse(jsonValue(await readFile(file, 'utf8')));
  rmSync(file, { force: true });
  return read.data;
}

function forgetDraft(folder: string, runId: string): void {
  rmSync(draftFolderOf(folder, runId), { recursive: true, force: true });
}

/** One that is published, and older ones that nobody has published: they would take its place. */
export function forgetDraftsUpTo(folder: string, runId: string): void {
  for (const waiting of waitingDrafts(folder)) if (waiting <= runId) forgetDraft(folder, waiting);
}

/**
 * Publishes the drafts that wait. One that is refused is not tried again: its stages are still there, and the
 * refresh that left it says why.
 */
export async function publishDrafts(store: Store, log: Log): Promise<void> {
  const { folder } = store;
  for (const runId of waitingDrafts(folder)) {
    const told = await publishDraft(store, runId, log);
    if (!told) continue;
    writeFileAtomically(outcomeFile(folder, runId), JSON.stringify(told));
    forgetDraft(folder, runId);
  }
}

async function publishDraft(store: Store, runId: string, log: Log): Promise<Outcome | undefined> {
  try {
    const newest = (await store.listVersions()).find(({ id }) => id > runId);
    if (newest) return { error: `Version ${newest.id}, which is of a later run, was published meanwhile.` };
    const { version } = await store.publishFolder(draftFolderOf(store.folder, runId));
    removeRunFile(store.folder, runId);
    log.info({ version: version.id }, 'a draft was published');
    return { version: version.id };
  } catch (error) {
    // What the database or the disk refuses now it may take later.
    const isRefused =
      error instanceof TslrecError && (error.code === 'bad-data' || error.code === 'conflict');
    log.error(
      { draft: runId, err: error },
      isRefused ? 'a draft is refused' : 'a draft could not be published',
    );
    return isRefused ? { error: error.message } : undefined;
  }
}
