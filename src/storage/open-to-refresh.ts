// The store of a refresh. Two of one store exclude each other, and the second is told which run the first one
// executes: in Postgres by the table of runs; of a folder, whose database it cannot open, by the file beside
// the lock.
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Lock } from './database.ts';
import { isPostgres } from './location.ts';
import { isInUse, ownerOf, tellOwner } from './lock.ts';
import { type RunningRun, SECOND_TRY_AFTER_MS } from './runs.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';

/** The run is undefined before the other refresh has begun one. */
interface AnotherRuns {
  readonly running: RunningRun | undefined;
}

/** Opens the store, its schema made current, and keeps other refreshes out until the lock is released. */
export async function openToRefresh(
  location: string,
  options: StoreOptions,
): Promise<{ readonly store: Store; readonly lock: Lock } | AnotherRuns> {
  const open = () => openStore(location, { ...options, migrate: true, purpose: 'refresh' });
  const opened = isPostgres(location) ? { store: await open() } : await openFolderToRefresh(location, open);
  if ('running' in opened) return opened;
  const { store } = opened;
  try {
    const { lock, running } = await store.lockRefreshes();
    if (lock) return { store, lock };
    await store.close();
    return { running };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openFolderToRefresh(
  location: string,
  open: () => Promise<Store>,
): Promise<{ readonly store: Store } | AnotherRuns> {
  const folder = path.resolve(location);
  const openAgain = (error: unknown) => {
    if (isInUse(error)) return setTimeout(SECOND_TRY_AFTER_MS).then(open);
    throw error;
  };
  let store: Store;
  try {
    store = await open().catch(openAgain);
  } catch (error) {
    const owner = isInUse(error) ? ownerOf(folder) : undefined;
    if (owner?.purpose !== 'refresh') throw error;
    const { run, processId, host } = owner;
    return { running: run && { ...run, processId, host } };
  }
  const beginRun: Store['beginRun'] = async (request) => {
    const begun = await store.beginRun(request);
    tellOwner(folder, { purpose: 'refresh', run: { runId: begun.runId, since: new Date() } });
    return begun;
  };
  return { store: { ...store, beginRun } };
}
