// Runs of a store in a folder, while they learn: `runs/<run>.json`, so that nobody has to have the database
// for it. When a run has published, the database tells of it, and the file goes.
import { readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { writeFileAtomically } from '../files.ts';
import { jsonValue } from '../json.ts';
import { newRunId, type Run, type RunRecord, type RunRequest } from './runs.ts';

export interface RunFile extends RunRecord {
  readonly status: 'running' | 'failed';
  readonly error: string | null;
}

const json = z.record(z.string(), z.unknown());
const runFile = z.object({
  runId: z.string(),
  key: z.string(),
  command: z.string(),
  options: json,
  status: z.enum(['running', 'failed']),
  error: z.string().nullable(),
  startedAt: z.coerce.date(),
  runningSince: z.coerce.date().nullable(),
  finishedAt: z.null(),
  host: z.string().nullable(),
  processId: z.int().nullable(),
  stages: z.array(
    z.object({ stage: z.string(), seconds: z.number(), details: json, finishedAt: z.coerce.date() }),
  ),
});

const runsFolder = (folder: string): string => path.join(folder, 'runs');
const fileOf = (folder: string, runId: string): string => path.join(runsFolder(folder), `${runId}.json`);

/** The newest one with this key goes on, or a new one begins. */
export async function beginRunFile(folder: string, request: RunRequest): Promise<RunFile> {
  const unfinished = (await runFilesIn(folder)).find(({ key }) => key === request.key);
  const now = new Date();
  const begun: RunFile = {
    ...(unfinished ?? { ...request, runId: newRunId(now), startedAt: now, finishedAt: null, stages: [] }),
    status: 'running',
    error: null,
    runningSince: now,
    host: hostname(),
    processId: process.pid,
  };
  writeRunFile(folder, begun);
  return begun;
}

export function writeRunFile(folder: string, run: RunFile): void {
  writeFileAtomically(fileOf(folder, run.runId), `${JSON.stringify(run, null, 2)}\n`);
}

export function removeRunFile(folder: string, runId: string): void {
  rmSync(fileOf(folder, runId), { force: true });
}

/** Newest first; what is no whole file of a run is passed over. */
export async function runFilesIn(folder: string): Promise<RunFile[]> {
  const runs: RunFile[] = [];
  for (const name of namesIn(runsFolder(folder)).filter((file) => file.endsWith('.json'))) {
    const text = await readFile(path.join(runsFolder(folder), name), 'utf8').catch(() => '');
    const read = runFile.safeParse(jsonValue(text));
    if (read.success) runs.push(read.data);
  }
  return runs.sort((a, b) => (a.runId < b.runId ? 1 : -1));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nothing has been learnt yet
  }
}

/** The runs that the database knows, and before them those of files that it does not. */
export async function withRunFiles(folder: string, finished: Promise<Run[]>, limit: number): Promise<Run[]> {
  const inDatabase = await finished;
  const known = new Set(inDatabase.map(({ runId }) => runId));
  const learning = (await runFilesIn(folder)).filter(({ runId }) => !known.has(runId)).map(asRun);
  return [...learning, ...inDatabase].sort((a, b) => (a.runId < b.runId ? 1 : -1)).slice(0, limit);
}

const asRun = ({ stages, host, processId, ...run }: RunFile): Run => ({
  ...run,
  version: null,
  metrics: null,
});
