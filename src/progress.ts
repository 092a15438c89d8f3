// Progress of long work: a bar on a terminal, a line every ten seconds elsewhere. Always on stderr, so that
// stdout stays for results.
import { MultiBar, type Options, SingleBar } from 'cli-progress';

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

/** Bars that are shown. They redraw themselves by a timer, which keeps the process alive until they stop. */
const shown = new Set<{ stop(): void }>();

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

const BARS: Options = {
  barCompleteChar: '█',
  barIncompleteChar: '░',
  barsize: 24,
  hideCursor: true,
  etaBuffer: 50,
  stream: process.stderr,
  noTTYOutput: true,
  notTTYSchedule: 10_000,
  gracefulExit: false,
};

const formatOf = (task: string): string =>
  `  ${task.padEnd(37)} {bar} {percentage}% | {value}/{total} | {duration_formatted} {note}`;
const payload = (note: string | undefined) => (note === undefined ? {} : { note });

export function terminalProgress(): Progress {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, endBySignal);
  return { start: process.stderr.isTTY ? barsTogether() : lines };
}

/** Lines may come from several tasks in turn. */
function lines(task: string, total: number): ProgressTask {
  const bar = new SingleBar({ ...BARS, format: formatOf(task) });
  bar.start(total, 0, { note: '' });
  shown.add(bar);
  return {
    advance: (steps, note) => bar.increment(steps, payload(note)),
    done: (note) => {
      bar.update(total, payload(note));
      bar.stop();
      shown.delete(bar);
    },
  };
}

/** Bars of tasks at the same time stand below each other, and stay when the last of them is done. */
function barsTogether(): Progress['start'] {
  let together: MultiBar | undefined;
  let running = 0;
  return (task, total) => {
    together ??= new MultiBar(BARS);
    shown.add(together);
    running++;
    const bar = together.create(total, 0, { note: '' }, { format: formatOf(task) });
    return {
      advance: (steps, note) => bar.increment(steps, payload(note)),
      done: (note) => {
        bar.update(total, payload(note));
        running--;
        if (running > 0) return bar.stop();
        together!.stop();
        shown.delete(together!);
        together = undefined;
      },
    };
  };
}
