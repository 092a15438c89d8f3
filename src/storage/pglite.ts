// The embedded database: PGlite in a worker thread, its data in `<folder>/database`, the folder locked to
// this process. PGlite has one session, so transactions and single statements queue for it.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { TslrecError } from '../errors.ts';
import { makeFolder } from '../files.ts';
import { type Database, DEFAULT_SCHEMA, type Query, runTransaction } from './database.ts';
import { lockFolder } from './lock.ts';
import type { Answer, Statement } from './pglite-worker.ts';
import { findSearchPath } from './search-path.ts';

export function hasPgliteDatabase(folder: string): boolean {
  return existsSync(path.join(folder, 'database'));
}

export async function openPglite(folder: string, schema = DEFAULT_SCHEMA): Promise<Database> {
  const unlock = lockFolder(folder);
  try {
    const dataFolder = path.join(folder, 'database');
    if (!hasPgliteDatabase(folder)) await createDataFolder(dataFolder);
    const worker = await startWorker(dataFolder);
    const session = workerSession(worker);
    await session(`SET search_path = ${await findSearchPath(session, schema)}`);
    return pgliteDatabase(worker, session, schema, unlock);
  } catch (error) {
    unlock();
    throw new TslrecError(
      'unavailable',
      `The database in ${folder} cannot be opened: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** Gets its name only when it is whole: a data folder whose making was killed would never open. */
async function createDataFolder(dataFolder: string): Promise<void> {
  const unfinished = `${dataFolder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  makeFolder(unfinished);
  await stopWorker(await startWorker(unfinished));
  await rename(unfinished, dataFolder);
}

async function startWorker(dataFolder: string): Promise<Worker> {
  const worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), { workerData: { dataFolder } });
  await once(worker, 'message');
  return worker;
}

/** Also returns for a worker that has died before. */
async function stopWorker(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return;
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('close');
  await exited;
}

function pgliteDatabase(worker: Worker, session: Query, schema: string, unlock: () => void): Database {
  const exclusively = createQueue();
  return {
    schema,
    query: <Row>(sql: string, parameters?: Statement['parameters']) =>
      exclusively(() => session<Row>(sql, parameters)),
    transaction: (work) =>
      exclusively(async () => {
        try {
          return await runTransaction(session, work);
        } catch (error) {
          await session('ROLLBACK').catch(() => {});
          throw error;
        }
      }),
    // The folder is locked, so that there is no other process.
    tryLock: async () => ({ check: async () => {}, release: async () => {} }),
    close: () =>
      exclusively(async () => {
        await stopWorker(worker);
        unlock();
      }),
  };
}

/** Sends statements to the worker; when it dies, every statement, waiting or new, is refused. */
function workerSession(worker: Worker): Query {
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>[]>>();
  let lastId = 0;
  let death: TslrecError | undefined;
  const die = (reason: string) => {
    death ??= new TslrecError('unavailable', `The embedded database has stopped (${reason}).`);
    for (const { reject } of waiting.values()) reject(death);
    waiting.clear();
  };
  worker.on('error', (error) => die(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => die('its thread ended'));
  worker.on('message', ({ id, rows, error }: Answer) => {
    if (rows) waiting.get(id)?.resolve(rows);
    else waiting.get(id)?.reject(Object.assign(new Error(error?.message), { code: error?.code }));
    waiting.delete(id);
  });
  const session = async (sql: string, parameters?: Statement['parameters']) => {
    if (death) throw death;
    const answer = Promise.withResolvers<Record<string, unknown>[]>();
    const statement: Statement = { id: ++lastId, sql, parameters };
    waiting.set(statement.id, answer);
    worker.postMessage(statement);
    return answer.promise;
  };
  return session as Query;
}

/** Runs one task at a time, in the order of asking. */
function createQueue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  };
}
