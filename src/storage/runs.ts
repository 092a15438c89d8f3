// Runs: executions of the refresh pipeline, written down stage by stage so that a killed one is resumed.
// Everything here may be called again with the same arguments and changes nothing.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { invariant, TslrecError } from '../errors.ts';
import type { Database, Lock, Query } from './database.ts';
import { shownId } from './ids.ts';

type Json = Readonly<Record<string, unknown>>;

export interface RunRequest {
  /** Says what the run computes: an unfinished run with the same key is resumed. */
  readonly key: string;
  readonly command: string;
  readonly options: Json;
}

export interface Run extends RunRequest {
  readonly runId: string;
  readonly status: 'running' | 'failed' | 'finished';
  readonly startedAt: Date;
  /** When its last process began or resumed it; null for a run of an earlier version. */
  readonly runningSince: Date | null;
  readonly finishedAt: Date | null;
  /** The version it published. */
  readonly version: string | null;
  readonly metrics: Json | null;
  readonly error: string | null;
}

/** A run that another process executes now. */
export interface RunningRun {
  readonly runId: string;
  /** When that process began or resumed it. */
  readonly since: Date;
  readonly host: string;
  readonly processId: number;
}

export interface FinishedStage {
  readonly stage: string;
  readonly seconds: number;
  readonly details: Json;
  readonly finishedAt: Date;
}

/** All that is known of a run whose version is moved to another store. */
export interface RunRecord extends RunRequest {
  readonly runId: string;
  readonly startedAt: Date;
  readonly runningSince: Date | null;
  /** Null where only publishing is left. */
  readonly finishedAt: Date | null;
  readonly host: string | null;
  readonly processId: number | null;
  readonly stages: readonly FinishedStage[];
}

export interface Runs {
  /**
   * Keeps other refreshes of this store out until the lock is released; where one keeps this one out, the run
   * that it executes, or undefined before it has begun one.
   */
  lockRefreshes(): Promise<{ readonly lock?: Lock; readonly running?: RunningRun }>;
  /** Resumes the newest unfinished run with this key, running or failed, else begins a new one. */
  beginRun(request: RunRequest): Promise<{ runId: string; resumed: boolean }>;
  finishStage(runId: string, stage: string, seconds: number, details: Json): Promise<void>;
  finishedStages(runId: string): Promise<FinishedStage[]>;
  finishRun(runId: string, version: string, metrics: Json): Promise<void>;
  /** Keeps the reason; the run can still be resumed. */
  failRun(runId: string, message: string): Promise<void>;
  /** Newest first. */
  listRuns(limit: number): Promise<Run[]>;
}

/** Time for a refresh that has just taken the lock to write down its run, or to end for a mistake. */
export const SECOND_TRY_AFTER_MS = 1000;

export function createRuns(database: Database): Runs {
  const tryLock = () => database.tryLock(`tslrec refresh ${database.schema}`);
  return {
    lockRefreshes: async () => {
      const lock = (await tryLock()) ?? (await setTimeout(SECOND_TRY_AFTER_MS).then(tryLock));
      return lock ? { lock } : { running: await selectRunning(database.query) };
    },
    beginRun: (request) =>
      database.transaction(async (query) => {
        const unfinished = await resumeUnfinishedRun(query, request.key);
        if (unfinished) return { runId: unfinished, resumed: true };
        const runId = newRunId(new Date());
        await insertRun(query, runId, request);
        return { runId, resumed: false };
      }),
    finishStage: async (runId, stage, seconds, details) => {
      await requireRun(database.query, runId);
      await upsertStage(database.query, runId, stage, seconds, details);
    },
    finishedStages: (runId) => selectStages(database.query, runId),
    finishRun: async (runId, version, metrics) => {
      await requireRun(database.query, runId);
      await updateFinishedRun(database.query, runId, version, metrics);
    },
    failRun: async (runId, message) => {
      await requireRun(database.query, runId);
      await updateFailedRun(database.query, runId, message);
    },
    listRuns: (limit) => selectRuns(database.query, limit),
  };
}

export async function requireRun(query: Query, runId: string): Promise<void> {
  const rows = await query('SELECT id FROM runs WHERE id = $1', [runId]);
  if (rows.length === 0) throw new TslrecError('not-found', `There is no run ${shownId(runId)}.`);
}

export async function selectRunRecord(query: Query, runId: string): Promise<RunRecord> {
  const rows = await query<Omit<RunRecord, 'stages'>>(
    `SELECT id AS "runId", key, command, options, started_at AS "startedAt",
       running_since AS "runningSince", finished_at AS "finishedAt", host, process_id AS "processId"
     FROM runs WHERE id = $1`,
    [runId],
  );
  invariant(rows.length === 1, `the run of version ${runId} is gone`);
  return { ...rows[0], stages: await selectStages(query, runId) };
}

/** As one that has published its version; what the store knows of it already stays. */
export async function upsertFinishedRun(query: Query, run: RunRecord, metrics: Json): Promise<void> {
  await query(
    `INSERT INTO runs (id, key, command, options, status, started_at, running_since, finished_at, version,
       metrics, host, process_id)
     VALUES ($1, $2, $3, $4::jsonb, 'finished', $5::timestamptz, $6::timestamptz,
       coalesce($7::timestamptz, now()), $1, $8::jsonb, $9, $10::integer)
     ON CONFLICT (id) DO UPDATE SET status = 'finished', error = NULL, version = excluded.version,
       finished_at = coalesce(runs.finished_at, excluded.finished_at), metrics = excluded.metrics`,
    [
      run.runId,
      run.key,
      run.command,
      JSON.stringify(run.options),
      run.startedAt.toISOString(),
      run.runningSince?.toISOString() ?? null,
      run.finishedAt?.toISOString() ?? null,
      JSON.stringify(metrics),
      run.host,
      run.processId,
    ],
  );
  for (const { stage, seconds, details, finishedAt } of run.stages)
    await upsertStage(query, run.runId, stage, seconds, details, finishedAt);
}

/** Sorts by time, to the millisecond: 20260131-235959-123-9f3a. */
export function newRunId(now: Date): string {
  const [year, month, day, hour, minute, second, millisecond] = now.toISOString().match(/\d+/g)!;
  return `${year}${month}${day}-${hour}${minute}${second}-${millisecond}-${randomBytes(2).toString('hex')}`;
}

async function resumeUnfinishedRun(query: Query, key: string): Promise<string | undefined> {
  const rows = await query<{ id: string }>(
    `UPDATE runs SET status = 'running', error = NULL, host = $2, process_id = $3, running_since = now()
     WHERE id = (SELECT max(id) FROM runs WHERE key = $1 AND status <> 'finished')
     RETURNING id`,
    [key, hostname(), process.pid],
  );
  return rows[0]?.id;
}

async function insertRun(query: Query, runId: string, { key, command, options }: RunRequest): Promise<void> {
  await query(
    `INSERT INTO runs (id, key, command, options, status, host, process_id, running_since)
     VALUES ($1, $2, $3, $4::jsonb, 'running', $5, $6, now())`,
    [runId, key, command, JSON.stringify(options), hostname(), process.pid],
  );
}

async function upsertStage(
  query: Query,
  runId: string,
  stage: string,
  seconds: number,
  details: Json,
  finishedAt?: Date,
): Promise<void> {
  await query(
    `INSERT INTO run_stages (run_id, stage, seconds, details, finished_at)
     VALUES ($1, $2, $3, $4::jsonb, coalesce($5::timestamptz, now()))
     ON CONFLICT (run_id, stage) DO UPDATE SET seconds = excluded.seconds, details = excluded.details`,
    [runId, stage, seconds, JSON.stringify(details), finishedAt?.toISOString() ?? null],
  );
}

function selectStages(query: Query, runId: string): Promise<FinishedStage[]> {
  return query(
    `SELECT stage, seconds, details, finished_at AS "finishedAt"
     FROM run_stages WHERE run_id = $1 ORDER BY finished_at, stage`,
    [runId],
  );
}

async function updateFinishedRun(query: Query, runId: string, version: string, metrics: Json): Promise<void> {
  await query(
    `UPDATE runs SET status = 'finished', finished_at = coalesce(finished_at, now()), version = $2,
       metrics = $3::jsonb, error = NULL
     WHERE id = $1`,
    [runId, version, JSON.stringify(metrics)],
  );
}

async function updateFailedRun(query: Query, runId: string, message: string): Promise<void> {
  await query(`UPDATE runs SET status = 'failed', error = $2 WHERE id = $1 AND status <> 'finished'`, [
    runId,
    message.replaceAll('\0', ''),
  ]);
}

/** The newest: whoever has the lock was the last to begin or resume one. */
async function selectRunning(query: Query): Promise<RunningRun | undefined> {
  const rows = await query<RunningRun>(
    `SELECT id AS "runId", running_since AS since, host, process_id AS "processId"
     FROM runs WHERE status = 'running' AND running_since IS NOT NULL ORDER BY running_since DESC LIMIT 1`,
  );
  return rows[0];
}

function selectRuns(query: Query, limit: number): Promise<Run[]> {
  return query(
    `SELECT id AS "runId", key, command, options, status, started_at AS "startedAt",
       running_since AS "runningSince", finished_at AS "finishedAt", version, metrics, error
     FROM runs ORDER BY id DESC LIMIT $1`,
    [limit],
  );
}
