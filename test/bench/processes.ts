// Every side of a benchmark runs in a process of its own, one after the other, and prints what it measured as JSON in
// its last line. PYTHON names the interpreter that has torch (python3 by default).
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** What a process says of itself. */
export interface Measurement {
  readonly milliseconds: number;
  /** Most memory that was resident at once. */
  readonly peakMegabytes?: number;
}

export const MEASURED_WITH = { threads: 2, warmUpSteps: 3, measuredSteps: 12 };

const ROUNDS = 3;

/**
 * All sides in turn, several times, and of each side the fastest: other work on a machine makes a round slower, nothing
 * makes it faster than it is. A side that gives nothing is left out.
 */
export function fastestOfRounds(
  sides: Readonly<Record<string, () => Measurement | undefined>>,
): Record<string, Measurement> {
  const fastest: Record<string, Measurement> = {};
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, measure] of Object.entries(sides)) {
      const measured = i === 0 || name in fastest ? measure() : undefined;
      if (measured && !(fastest[name]?.milliseconds <= measured.milliseconds)) fastest[name] = measured;
    }
  }
  return fastest;
}

export interface Comparison {
  readonly ours: Measurement;
  readonly peers: Readonly<Record<string, Measurement>>;
  /** A peer's time over ours. */
  readonly ratios: Readonly<Record<string, number>>;
}

export function compareWithOurs(
  sides: { readonly ours: () => Measurement } & Readonly<Record<string, () => Measurement | undefined>>,
): Comparison {
  const { ours, ...peers } = fastestOfRounds(sides);
  const ratios = Object.entries(peers).map(([name, peer]) => [name, round(peer.milliseconds / ours.milliseconds)]);
  return { ours, peers, ratios: Object.fromEntries(ratios) };
}

/** Runs a program of this folder on this Node. */
export function runOurs<Result>(file: string, parameters: readonly string[]): Result {
  return runProgram<Result>(process.execPath, [path.join(import.meta.dirname, file), ...parameters]);
}

/** Runs a PyTorch program of this folder; says so and gives nothing where what it imports is not installed. */
export function runTorch<Result>(file: string, parameters: readonly string[], imports = ['torch']): Result | undefined {
  const python = process.env.PYTHON ?? 'python3';
  if (spawnSync(python, ['-c', `import ${imports}`]).status !== 0) {
    console.error(`NOT MEASURED: PyTorch. ${python} lacks ${imports}; name an interpreter that has it in PYTHON.`);
    return undefined;
  }
  return runProgram<Result>(python, [path.join(import.meta.dirname, file), ...parameters]);
}

export function runProgram<Result>(program: string, parameters: readonly string[]): Result {
  const { status, stdout } = spawnSync(program, parameters, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${program} ${parameters[0]} failed`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Result;
}

/** What one of our own processes prints at its end. */
export function report(milliseconds: number, more: object = {}): void {
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ milliseconds: round(milliseconds), peakMegabytes, ...more }));
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

export const round = (value: number): number => Math.round(value * 100) / 100;
