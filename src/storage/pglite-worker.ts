// The thread in which PGlite lives: it would block the event loop for as long as a statement runs. Statements
// come in as messages and run in their order; the answer carries the statement's number.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { invariant } from '../errors.ts';
import type { Parameter } from './database.ts';

export interface Statement {
  readonly id: number;
  readonly sql: string;
  readonly parameters?: readonly Parameter[];
}

export interface Answer {
  readonly id: number;
  readonly rows?: Record<string, unknown>[];
  readonly error?: Error;
}

invariant(parentPort !== null, 'pglite-worker.ts runs as a worker thread');
const port = parentPort;

const database = await PGlite.create({
  dataDir: workerData.dataFolder,
  extensions: { vector },
  // PGlite's defaults switch fsync off ("-F"); an acknowledged write must outlive a power cut.
  startParams: PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
});

async function run({ sql, parameters }: Statement): Promise<Record<string, unknown>[]> {
  if (parameters) return (await database.query<Record<string, unknown>>(sql, [...parameters])).rows;
  return (await database.exec(sql)).at(-1)?.rows ?? [];
}

async function answer(statement: Statement): Promise<Answer> {
  try {
    return { id: statement.id, rows: await run(statement) };
  } catch (error) {
    return { id: statement.id, error: new Error(error instanceof Error ? error.message : String(error)) };
  }
}

port.on('message', async (message: Statement | 'close') => {
  if (message !== 'close') return port.postMessage(await answer(message));
  await database.close();
  port.close();
});
port.postMessage('ready');
