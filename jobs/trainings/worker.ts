// The thread of one training: tells how it goes, and its result or why there is none.
import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorCode, TslrecError } from '../../src/errors.ts';
import { keepPrivate } from '../../src/private-files.ts';
import type { Progress } from '../../src/progress.ts';
import { configureExecution } from '../../src/tensor/session.ts';
import { TASKS, type TaskName } from './tasks.ts';

export interface TrainingTask {
  readonly name: TaskName;
  readonly input: unknown;
  readonly threads: number;
  /** Where its checkpoint lies, which only the owner may read. */
  readonly folder: string;
}

export type FromTraining =
  | { readonly kind: 'start'; readonly task: string; readonly total: number }
  | { readonly kind: 'advance'; readonly bar: number; readonly steps: number; readonly note?: string }
  | { readonly kind: 'done'; readonly bar: number; readonly note?: string }
  | { readonly kind: 'result'; readonly result: unknown }
  /** An error that crosses threads loses its class. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string };

const tell = (message: FromTraining): void => parentPort!.postMessage(message);

let bars = 0;
const progress: Progress = {
  start(task, total) {
    const bar = bars++;
    tell({ kind: 'start', task, total });
    return {
      advance: (steps, note) => tell({ kind: 'advance', bar, steps, note }),
      done: (note) => tell({ kind: 'done', bar, note }),
    };
  },
};

const { name, input, threads, folder } = workerData as TrainingTask;
configureExecution({ provider: 'cpu', threads });
keepPrivate(folder);
try {
  const run = TASKS[name] as (input: unknown, progress: Progress) => Promise<unknown>;
  tell({ kind: 'result', result: await run(input, progress) });
} catch (error) {
  if (!(error instanceof TslrecError)) throw error;
  tell({ kind: 'refused', code: error.code, message: error.message });
}
