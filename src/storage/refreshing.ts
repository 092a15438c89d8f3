// The store of a refresh. Learning touches files only: of a store in a folder the database is opened when the
// draft is whole, if no server has it, which otherwise publishes. In Postgres, which many share, the run is
// written down as it goes and a lock keeps the refreshes of other machines out.
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { VersionDraft } from './draft.ts';
import { draftFolderOf, forgetDraftsUpTo, takeOutcome } from './drafts-folder.ts';
import { isPostgres } from './location.ts';
import { isInUse, lockFolder, ownerOf, tellOwner } from './lock.ts';
import type { Failpoint } from './publish.ts';
import { beginRunFile, type RunFile, removeRunFile, writeRunFile } from './run-files.ts';
import { type RunningRun, type RunRequest, SECOND_TRY_AFTER_MS } from './runs.ts';
import { openStore, type StoreOptions } from './store.ts';
import { keepStoreFolderPrivate } from './store-folder.ts';
import { writeVersionFolder } from './version-folder.ts';

export interface Refreshing {
  /** Goes on with the newest unfinished run of this key, or begins one. */
  begin(request: RunRequest): Promise<string>;
  /** Refuses with 'conflict' or 'unavailable' when another refresh may be running. */
  finishStage(stage: string, seconds: number, details: Readonly<Record<string, unknown>>): Promise<void>;
  /** Keeps the reason; the run can still be resumed. */
  fail(message: string): Promise<void>;
  /** Gives the id of the version. */
  publish(draft: VersionDraft, failpoint: (name: Failpoint) => void): Promise<string>;
  close(): Promise<void>;
}

/** The run is undefined before the other refresh has begun one. */
interface AnotherRuns {
  readonly running: RunningRun | undefined;
}

export interface RefreshingOptions extends Omit<StoreOptions, 'migrate' | 'purpose' | 'folder'> {
  readonly folder: string;
  readonly log: Log;
}

/** Keeps other refreshes out until it is closed. */
export const openToRefresh = (
  location: string,
  options: RefreshingOptions,
): Promise<Refreshing | AnotherRuns> =>
  isPostgres(location) ? inPostgres(location, options) : inFolder(path.resolve(location), options);

async function inPostgres(location: string, options: RefreshingOptions): Promise<Refreshing | AnotherRuns> {
  const store = await openStore(location, { ...options, migrate: true });
  try {
    const { lock, running } = await store.lockRefreshes();
    if (!lock) {
      await store.close();
      return { running };
    }
    let runId = '';
    return {
      async begin(request) {
        ({ runId } = await store.beginRun(request));
        return runId;
      },
      async finishStage(...stage) {
        await lock.check();
        await store.finishStage(runId, ...stage);
      },
      fail: (message) => store.failRun(runId, message),
      async publish(draft, failpoint) {
        const { id } = await store.publish(draft, failpoint);
        await store.finishRun(runId, id, draft.metrics);
        return id;
      },
      close: () => lock.release().finally(store.close),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function inFolder(folder: string, options: RefreshingOptions): Promise<Refreshing | AnotherRuns> {
  keepStoreFolderPrivate(folder);
  const work = path.join(folder, 'work');
  const lock = () => lockFolder(work, 'refresh');
  let unlock: () => void;
  try {
    unlock = await lockedSoon(lock);
  } catch (error) {
    const owner = isInUse(error) ? ownerOf(work) : undefined;
    if (owner?.purpose !== 'refresh') throw error;
    const { run, processId, host } = owner;
    return { running: run && { ...run, processId, host } };
  }
  let run: RunFile | undefined;
  const change = (changes: Partial<RunFile>) => {
    run = { ...run!, ...changes };
    writeRunFile(folder, run);
  };
  return {
    async begin(request) {
      run = await beginRunFile(folder, request);
      tellOwner(work, { purpose: 'refresh', run: { runId: run.runId, since: run.runningSince! } });
      return run.runId;
    },
    async finishStage(stage, seconds, details) {
      const others = run!.stages.filter((other) => other.stage !== stage);
      change({ stages: [...others, { stage, seconds, details, finishedAt: new Date() }] });
    },
    fail: async (error) => change({ status: 'failed', error }),
    async publish(draft, failpoint) {
      await writeVersionFolder(draftFolderOf(folder, draft.runId), {
        draft,
        run: run!,
        createdAt: new Date().toISOString(),
      });
      failpoint('publish:draft');
      return published(folder, draft.runId, options, failpoint);
    },
    close: async () => unlock(),
  };
}

/** A refresh that is just ending, or only told that another one runs, lets go within a second. */
async function lockedSoon(lock: () => () => void): Promise<() => void> {
  try {
    return lock();
  } catch (error) {
    if (!isInUse(error)) throw error;
    await setTimeout(SECOND_TRY_AFTER_MS);
    return lock();
  }
}

const ASK_AGAIN_AFTER_MS = 200;
const MINUTE = 60_000;
/** A server of an earlier version would never publish it. */
const PUBLISHED_WITHIN_MS = 60 * MINUTE;

/** By this process, if it can have the database, or by the one that has it. */
async function published(
  folder: string,
  runId: string,
  options: RefreshingOptions,
  failpoint: (name: Failpoint) => void,
): Promise<string> {
  const deadline = performance.now() + PUBLISHED_WITHIN_MS;
  for (;;) {
    const outcome = await takeOutcome(folder, runId);
    if (outcome && 'error' in outcome) throw new TslrecError('bad-data', outcome.error);
    if (outcome) return outcome.version;
    const store = await openStore(folder, { ...options, folder, migrate: true, purpose: 'refresh' }).catch(
      (error) => {
        if (isInUse(error)) return undefined;
        throw error;
      },
    );
    if (store) {
      try {
        const { version } = await store.publishFolder(draftFolderOf(folder, runId), failpoint);
        removeRunFile(folder, runId);
        forgetDraftsUpTo(folder, runId);
        return version.id;
      } finally {
        await store.close();
      }
    }
    if (performance.now() > deadline) {
      throw new TslrecError(
        'unavailable',
        `What was learnt waits in ${draftFolderOf(folder, runId)}, because the process that has ${folder} ` +
          'has not published it within an hour: start that one again, or end it and run this once more.',
      );
    }
    await setTimeout(ASK_AGAIN_AFTER_MS);
  }
}
