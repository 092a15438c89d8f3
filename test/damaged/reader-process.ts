// A process that reads inputs one after the other, each under limits that are watched from outside: what
// exceeds one is killed, with all that it has started, and the next input gets a new process. Processor time
// is what is limited: a busy machine is no fault of a reader.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DoorName, Reading } from './doors.ts';

export interface Question {
  readonly door: DoorName;
  readonly folder: string;
}

export interface Answer {
  readonly exit: 0 | 1;
  readonly reading?: Reading;
}

export interface Outcome extends Partial<Answer> {
  /** What came out on stderr. */
  readonly printed: string;
  /** Why there is no exit code. */
  readonly killed?: string;
  /** Whether a process that the input has started goes on. */
  readonly left: boolean;
  /** Of processor time. */
  readonly seconds: number;
  readonly megabytes: number;
}

/** Behind what an input has printed; no message has it. */
export const END = '\u0004';

const MOST_SECONDS = 10;
const MOST_MEGABYTES = 1000;
/** For what waits and works at nothing. */
const MOST_WALL_MS = 120_000;
const WATCH_EVERY_MS = 50;
/** A process that keeps more than this after an input gives way to a new one. */
const MOST_MEGABYTES_AT_REST = 400;

const CHILD = path.join(import.meta.dirname, 'reader-child.ts');

export class ReaderProcess {
  #child: ChildProcess | undefined;
  #answer: Answer | undefined;
  #printed = '';

  async read(question: Question): Promise<Outcome> {
    const child = this.#child ?? this.#start();
    const before = useOf([child.pid!]).seconds;
    forgetPeak(child.pid!);
    let [seconds, megabytes] = [0, 0];
    const measure = () => {
      const use = useOf(groupOf(child.pid!));
      seconds = Math.max(seconds, use.seconds - before);
      megabytes = Math.max(megabytes, use.megabytes);
    };
    const began = performance.now();
    const killed = await new Promise<string | undefined>((resolve) => {
      const settle = (why?: string) => {
        clearInterval(watch);
        child.off('message', onEnd).off('close', onClose).stderr!.off('data', onEnd);
        resolve(why);
      };
      const onEnd = () => {
        if (this.#answer !== undefined && this.#printed.endsWith(END)) settle();
      };
      const onClose = (code: number | null, signal: string | null) =>
        settle(signal === null ? `ended with ${code}` : `died of ${signal}`);
      const watch = setInterval(() => {
        measure();
        if (megabytes > MOST_MEGABYTES) settle(`took more than ${MOST_MEGABYTES} MB`);
        else if (seconds > MOST_SECONDS) settle(`took more than ${MOST_SECONDS} s of processor time`);
        else if (performance.now() - began > MOST_WALL_MS) settle('waited for ever');
      }, WATCH_EVERY_MS);
      child.on('message', onEnd).on('close', onClose).stderr!.on('data', onEnd);
      child.send(question);
    });
    const { atRest, ...use } = useOf([child.pid!]);
    seconds = Math.max(seconds, use.seconds - before);
    megabytes = Math.max(megabytes, use.megabytes);
    const left = killed === undefined && (await isOneLeft(child.pid!));
    const outcome = {
      ...this.#answer,
      printed: this.#printed.replace(END, ''),
      killed,
      left,
      seconds,
      megabytes,
    };
    [this.#answer, this.#printed] = [undefined, ''];
    if (killed !== undefined || left || atRest > MOST_MEGABYTES_AT_REST) await this.end();
    return outcome;
  }

  async end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await exited;
  }

  #start(): ChildProcess {
    const child = fork(CHILD, { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    child.on('message', (answer: Answer) => {
      this.#answer = answer;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
    });
    this.#child = child;
    return child;
  }
}

/** What has been killed may take its time on a busy machine. */
async function isOneLeft(leader: number): Promise<boolean> {
  for (let turn = 0; turn < 100; turn++) {
    if (groupOf(leader).length <= 1) return false;
    await sleep(20);
  }
  return true;
}

/** From now on the most memory is that of what comes. */
function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {} // another system than Linux: the limits in time remain
}

interface Use {
  readonly seconds: number;
  /** The most that one of them has held so far. */
  readonly megabytes: number;
  /** Now. */
  readonly atRest: number;
}

const TICKS_A_SECOND = 100;

/** Of some processes together, what they have waited for included. */
function useOf(processes: readonly number[]): Use {
  let [ticks, kilobytes, atRest] = [0, 0, 0];
  for (const pid of processes) {
    try {
      ticks += fieldsOf(pid)
        .slice(11, 15)
        .reduce((sum, field) => sum + Number(field), 0);
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      kilobytes = Math.max(kilobytes, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0));
      atRest += Number(/VmRSS:\s*(\d+)/.exec(status)?.[1] ?? 0);
    } catch {} // it has ended meanwhile
  }
  return { seconds: ticks / TICKS_A_SECOND, megabytes: kilobytes / 1024, atRest: atRest / 1024 };
}

/**
 * The state of a process, its parent, its group and the fields behind them; before them its name, which may
 * hold anything.
 */
const fieldsOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');

/** Whoever has started it, and what it has started. */
function groupOf(leader: number): number[] {
  try {
    const all = readdirSync('/proc').map(Number).filter(Number.isInteger);
    return all.filter((pid) => pid === leader || (pid > leader && isIn(leader, pid)));
  } catch {
    return []; // another system than Linux
  }
}

function isIn(group: number, pid: number): boolean {
  try {
    const [state, , of] = fieldsOf(pid);
    return Number(of) === group && state !== 'Z';
  } catch {
    return false; // it has ended meanwhile
  }
}
