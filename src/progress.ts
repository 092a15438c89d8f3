// Progress of long work: a bar on a terminal, a line every ten seconds elsewhere. Always on stderr, so that
// stdout stays for results.
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** Begins a task of `total` steps; `note` in later calls stands behind the bar ("loss 5.123"). */
  start(task: string, total: number): ProgressTask;
}

export interface ProgressTask {
  advance(steps: number, note?: string): void;
  done(note?: string): void;
}

/** Says nothing: for tests and for callers that print their own. */
export const silentProgress: Progress = { start: () => ({ advance() {}, done() {} }) };

/** Bars that are shown. Each redraws itself by a timer, which keeps the process alive until it is stopped. */
const shown = new Set<SingleBar>();

/** Ends the bars of tasks that failed midway, so that the cursor comes back and the process can end. */
export function stopBars(): void {
  for (const bar of shown) bar.stop();
  shown.clear();
}

/** A signal ends the process as it would without bars: theirs would only stop the bar. */
function endBySignal(signal: NodeJS.Signals): void {
  stopBars();
  process.kill(process.pid, signal);
}

export function terminalProgress(): Progress {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, endBySignal);
  return {
    start(task, total) {
      const bar = new SingleBar({
        format: `  ${task.padEnd(37)} {bar} {percentage}% | {value}/{total} | {duration_formatted} {note}`,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 24,
        hideCursor: true,
        etaBuffer: 50,
        stream: process.stderr,
        noTTYOutput: true,
        notTTYSchedule: 10_000,
        gracefulExit: false,
      });
      bar.start(total, 0, { note: '' });
      shown.add(bar);
      return {
        advance: (steps, note) => bar.increment(steps, note === undefined ? {} : { note }),
        done: (note) => {
          bar.update(total, note === undefined ? {} : { note });
          bar.stop();
          shown.delete(bar);
        },
      };
    },
  };
}
