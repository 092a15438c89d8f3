// The embedded database: PGlite in a worker thread, its data in `<folder>/database`, the folder locked to
// this process. PGlite has one session, so transactions and single statements queue for it.
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import pg from 'pg';
import { TslrecError } from '../errors.ts';
import { makeFolder, requireSpace } from '../files.ts';
import { fileMode } from '../private-files.ts';
import { type Database, DEFAULT_SCHEMA, type Query, runTransaction } from './database.ts';
import { lockFolder, type Purpose } from './lock.ts';
import type { Answer, Failure, Statement } from './pglite-worker.ts';
import { explained } from './postgres-errors.ts';
import { findSearchPath } from './search-path.ts';

/** Not all of it has a SQLSTATE of its own. */
const NO_SPACE = /No space left|File too large|quota exceeded/i;

export function hasPgliteDatabase(folder: string): boolean {
  return existsSync(path.join(folder, 'database'));
}

export async function openPglite(
  folder: string,
  schema = DEFAULT_SCHEMA,
  purpose?: Purpose,
): Promise<Database> {
  const unlock = lockFolder(folder, purpose);
  try {
    const dataFolder = path.join(folder, 'database');
    if (hasPgliteDatabase(folder)) checkDataFolder(dataFolder);
    else await createDataFolder(dataFolder);
    const { worker, session } = await openDataFolder(dataFolder, schema);
    return pgliteDatabase(worker, session, schema, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openDataFolder(dataFolder: string, schema: string) {
  let worker: Worker | undefined;
  try {
    worker = await startWorker(dataFolder);
    const session = workerSession(worker);
    await session(`SET search_path = ${await findSearchPath(session, schema)}`);
    return { worker, session };
  } catch (error) {
    await worker?.terminate();
    throw startFailure(
      path.dirname(dataFolder),
      error,
      `${dataFolder} cannot be opened`,
      'it is damaged or of another program or version; restore it from a backup, or move it away and run ' +
        '`npx tslrec refresh`, which makes a new one',
    );
  }
}

/** PGlite would make a database in any folder, among what is there. */
function checkDataFolder(dataFolder: string): void {
  if (statSync(path.join(dataFolder, 'PG_VERSION'), { throwIfNoEntry: false })?.isFile()) return;
  const found = statSync(dataFolder).isDirectory() ? 'a folder without PG_VERSION' : 'no folder';
  throw new TslrecError(
    'conflict',
    `${dataFolder} is ${found}, a database that tslrec made is expected; move it away, or give another ` +
      'folder.',
  );
}

/** What a killed process leaves of it is known by that file, and removed. */
const MARK = 'tslrec-makes-a-database-here';

/** Gets its name only when it is whole: a data folder whose making was killed would never open. */
async function createDataFolder(dataFolder: string): Promise<void> {
  const folder = path.dirname(dataFolder);
  const unfinished = `${dataFolder}.unfinished`;
  const inside = path.join(unfinished, 'database');
  removeUnfinished(unfinished);
  makeFolder(unfinished);
  try {
    writeFileSync(path.join(unfinished, MARK), '', { mode: fileMode(unfinished) });
    makeFolder(inside);
    await stopWorker(await startWorker(inside));
    await rename(inside, dataFolder);
  } catch (error) {
    throw startFailure(
      folder,
      error,
      `No database can be made in ${folder}`,
      'give another folder, or keep the data in Postgres',
    );
  } finally {
    removeUnfinished(unfinished);
  }
}

function removeUnfinished(unfinished: string): void {
  const found = lstatSync(unfinished, { throwIfNoEntry: false });
  if (!found) return;
  const names = found.isDirectory() ? readdirSync(unfinished) : undefined;
  const isOurs = names?.every((name) => name === MARK || (name === 'database' && names.includes(MARK)));
  if (!isOurs)
    throw new TslrecError(
      'conflict',
      `${unfinished} is in the way of a new database, and nothing says that tslrec made it: move it away, ` +
        'or give another folder.',
    );
  rmSync(unfinished, { recursive: true });
}

/** PGlite does not say that the disk is full, or a file too large. */
function startFailure(folder: string, error: unknown, what: string, todo: string): Error {
  try {
    requireSpace(folder);
  } catch (trouble) {
    return trouble as Error;
  }
  const said = error instanceof Error && error.message ? ` (${error.message.split('. ')[0]})` : '';
  return new TslrecError('unavailable', `${what}${said}: ${todo}.`, { cause: error });
}

async function startWorker(dataFolder: string): Promise<Worker> {
  const worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), { workerData: { dataFolder } });
  const ended = once(worker, 'exit').then(() => {
    throw new Error('its thread ended');
  });
  await Promise.race([once(worker, 'message'), ended]);
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
    else waiting.get(id)?.reject(statementFailure(error!));
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

/** What PGlite refuses is told as a server's refusal is. */
function statementFailure({ message, code }: Failure): Error {
  if (!NO_SPACE.test(message))
    return code === undefined
      ? new Error(message)
      : explained(Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code }));
  return new TslrecError(
    'unavailable',
    `The database's folder cannot be written (${message}): make room on its disk, or raise the limit ` +
      '(`ulimit -f`), then run the command again.',
  );
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
