// Trainings that do not depend on each other, as many at a time as there are cores: a second thread shortens
// a step by two fifths, a second training beside the first one halves what both take (docs/LOG.md,
// "Threads"). ONNX Runtime holds the thread that calls it until a step is done, so that each training has a
// worker thread. The result is the same to the bit as one after the other.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { TslrecError } from '../../src/errors.ts';
import { fewAtATime } from '../../src/few-at-a-time.ts';
import type { Progress, ProgressTask } from '../../src/progress.ts';
import { execution } from '../../src/tensor/session.ts';
import type { Work } from '../stage.ts';
import { TASKS, type TaskInput, type TaskName, type TaskResult } from './tasks.ts';
import type { FromTraining, TrainingTask } from './worker.ts';

export type Train = <Name extends TaskName>(name: Name, input: TaskInput<Name>) => Promise<TaskResult<Name>>;

/**
 * The results of `work` in the order of the items; each trains by the function that it is given. Where
 * several run at once the last one begins first: of the modes of warm starts it has most to learn, and what
 * takes longest should not begin when the others are done.
 */
export async function sideBySide<Item, Result>(
  { folder, progress }: Pick<Work, 'folder'> & { readonly progress: Progress },
  items: readonly Item[],
  work: (item: Item, train: Train) => Promise<Result>,
): Promise<Result[]> {
  const { provider, threads } = execution();
  const cores = threads || availableParallelism();
  // An accelerator is busy with one.
  const atOnce = provider === 'cpu' ? Math.min(cores, items.length) : 1;
  const here: Train = (name, input) => (TASKS[name] as Run<typeof name>)(input, progress);
  if (atOnce === 1) return fewAtATime(1, items, (item) => work(item, here));
  const inWorker: Train = (name, input) =>
    runWorker({ name, input, threads: Math.floor(cores / atOnce), folder }, progress);
  const results = await fewAtATime(atOnce, items.toReversed(), (item) => work(item, inWorker));
  return results.reverse();
}

type Run<Name extends TaskName> = (input: TaskInput<Name>, progress: Progress) => Promise<TaskResult<Name>>;

function runWorker<Result>(task: TrainingTask, progress: Progress): Promise<Result> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: task });
  const bars: ProgressTask[] = [];
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromTraining) => {
      switch (message.kind) {
        case 'start':
          bars.push(progress.start(message.task, message.total));
          break;
        case 'advance':
          bars[message.bar].advance(message.steps, message.note);
          break;
        case 'done':
          bars[message.bar].done(message.note);
          break;
        case 'result':
          resolve(message.result as Result);
          break;
        case 'refused':
          reject(new TslrecError(message.code, message.message));
      }
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`internal: a training's thread ended with code ${code}`)));
  });
}
