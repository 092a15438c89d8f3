// The thread in which PGlite lives: it would block the event loop for as long as a statement runs. Statements
// come in as messages and run in their order; the answer carries the statement's number.
import fs from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { invariant } from '../errors.ts';
import type { SqlParameter } from './database.ts';

export interface Statement {
  readonly id: number;
  readonly sql: string;
  readonly parameters?: readonly SqlParameter[];
}

export interface Answer {
  readonly id: number;
  readonly rows?: Record<string, unknown>[];
  readonly error?: Failure;
}

/** An Error that crosses threads loses its SQLSTATE. */
export interface Failure {
  readonly message: string;
  readonly code?: string;
}

const OWNER_ONLY = 0o700;

invariant(parentPort !== null, 'pglite-worker.ts runs as a worker thread');
const port = parentPort;

keepFilesPrivate();
const database = await PGlite.create({
  dataDir: workerData.dataFolder,
  extensions: { vector },
  // PGlite's defaults switch fsync off ("-F"); an acknowledged write must outlive a power cut.
  startParams: PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
});

/**
 * PGlite gives each file that it makes the mode 0666 by chmod, whatever the umask is. This thread has `fs` to
 * itself and to PGlite: here whatever sets a mode leaves out what others might do.
 */
function keepFilesPrivate(): void {
  const { chmodSync, fchmodSync, mkdirSync } = fs;
  fs.chmodSync = (file, mode) => chmodSync(file, Number(mode) & OWNER_ONLY);
  fs.fchmodSync = (descriptor, mode) => fchmodSync(descriptor, Number(mode) & OWNER_ONLY);
  fs.mkdirSync = ((folder, mode) => {
    const made = mkdirSync(folder, mode);
    chmodSync(folder, OWNER_ONLY);
    return made;
  }) as typeof mkdirSync;
}

async function run({ sql, parameters }: Statement): Promise<Record<string, unknown>[]> {
  if (parameters) return (await database.query<Record<string, unknown>>(sql, [...parameters])).rows;
  return (await database.exec(sql)).at(-1)?.rows ?? [];
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, code: 'code' in error ? String(error.code) : undefined };
}

async function answer(statement: Statement): Promise<Answer> {
  try {
    return { id: statement.id, rows: await run(statement) };
  } catch (error) {
    return { id: statement.id, error: failureOf(error) };
  }
}

port.on('message', async (message: Statement | 'close') => {
  if (message !== 'close') return port.postMessage(await answer(message));
  await database.close();
  port.close();
});
port.postMessage('ready');
