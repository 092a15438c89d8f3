// Every side of a benchmark runs in a process of its own, one after the other, and prints what it measured as
// JSON in its last line.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** What a process says of itself. */
export interface Measurement {
  readonly milliseconds: number;
  /** Most memory that was resident at once. */
  readonly peakMegabytes?: number;
}

/** Why there is no measurement. */
export interface Failure {
  readonly failed: string;
}

/** Every side, so that times can be compared. */
export const MEASURED_WITH = { threads: 2, warmUpSteps: 3, measuredSteps: 12 };

/** Runs a program of this folder on this Node. */
export function runOurs<Result extends object>(file: string, parameters: readonly string[]): Result {
  return runNode(path.join(import.meta.dirname, file), parameters);
}

/** Runs a program on this Node, with these variables beside those of this process. */
export function runNode<Result extends object>(
  file: string,
  parameters: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Result {
  const result = runProgram<Result>(process.execPath, [file, ...parameters], variables);
  if ('failed' in result) throw new Error(result.failed);
  return result;
}

export function runProgram<Result extends object>(
  program: string,
  parameters: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Result | Failure {
  const { status, signal, stdout } = spawnSync(program, parameters, {
    encoding: 'utf8',
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  const last = stdout.trimEnd().split('\n').at(-1)!;
  // A program may say itself why it failed.
  if (status !== 0 && !last.startsWith('{"failed"')) {
    return { failed: `${path.basename(parameters[0])} ended with ${signal ?? `status ${status}`}` };
  }
  return JSON.parse(last) as Result | Failure;
}

/** What one of our own processes prints at its end. */
export function report(milliseconds: number, more: object = {}): void {
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ milliseconds: round(milliseconds), peakMegabytes, ...more }));
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

export const round = (value: number): number => Math.round(value * 100) / 100;
