// One training step of SASRec, forward, backward and optimiser: ours, PyTorch's and the prototype's on the same sizes
// and threads, one after the other, each in a process of its own. Every position is real and the loss is the full
// softmax, so that all do the same work.
//   PYTHON     the interpreter with torch (python3); eager and compiled are both tried, the faster one counts
//   PROTOTYPE  a folder with sasrec-step.mjs and what it imports
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Options } from './main.ts';

export const SIZES = { blocks: 2, width: 64, heads: 1, batchSize: 128, items: 3417, dropout: 0.2, threads: 2 };
export const WARM_UP_STEPS = 3;
export const MEASURED_STEPS = 12;

/** What a process says of itself. */
interface Measurement {
  readonly milliseconds: number;
  /** Most memory that was resident at once. */
  readonly peakMegabytes?: number;
}

interface Row extends Measurement {
  readonly length: number;
  readonly peers: {
    readonly torch?: Measurement & { readonly version: string; readonly mode: 'eager' | 'compiled' };
    readonly prototype?: Measurement;
  };
  /** A peer's time over ours. */
  readonly ratio: Readonly<Record<string, number>>;
}

export async function benchmarkSasrecStep({ length }: Options): Promise<{ rows: Row[] }> {
  const lengths = length === undefined ? [200, 50] : [Number(length)];
  if (!lengths.every((value) => Number.isInteger(value) && value > 0))
    throw new Error(`--length ${length} is no length`);
  const rows = lengths.map(measure);
  console.table(
    rows.flatMap(({ length, milliseconds, peakMegabytes, peers, ratio }) => [
      { length, engine: 'tslrec', milliseconds, peakMegabytes },
      ...Object.entries(peers).map(([engine, peer]) => ({ length, engine, ...peer, ratio: ratio[engine] })),
    ]),
  );
  return { rows };
}

function measure(length: number): Row {
  const ours = run<Measurement>(process.execPath, [here('sasrec-step-ours.ts'), String(length)]);
  const peers: Row['peers'] = { torch: measureTorch(length), prototype: measurePrototype(length) };
  const present = Object.entries(peers).filter(([, peer]) => peer !== undefined);
  return {
    length,
    ...ours,
    peers: Object.fromEntries(present),
    ratio: Object.fromEntries(present.map(([name, peer]) => [name, round(peer.milliseconds / ours.milliseconds)])),
  };
}

function measureTorch(length: number): Row['peers']['torch'] {
  const python = process.env.PYTHON ?? 'python3';
  if (spawnSync(python, ['-c', 'import torch']).status !== 0) {
    console.error(`NOT MEASURED: PyTorch. ${python} has no torch; name an interpreter that has it in PYTHON.`);
    return undefined;
  }
  const sizes = { ...SIZES, length, warmUpSteps: WARM_UP_STEPS, measuredSteps: MEASURED_STEPS };
  return run(python, [here('sasrec_step.py'), JSON.stringify(sizes)]);
}

function measurePrototype(length: number): Row['peers']['prototype'] {
  const program = path.resolve(process.env.PROTOTYPE ?? '', 'sasrec-step.mjs');
  if (process.env.PROTOTYPE === undefined || !existsSync(program)) {
    console.error('NOT MEASURED: the prototype. Name a folder with its sasrec-step.mjs in PROTOTYPE.');
    return undefined;
  }
  const { blocks, width, heads, batchSize, items, threads } = SIZES;
  const sizes = { B: batchSize, L: length, D: width, H: heads, NB: blocks, V: items, TH: threads };
  const steps = { N: WARM_UP_STEPS + MEASURED_STEPS };
  const environment = Object.entries({ ...sizes, ...steps }).map(([name, value]) => [name, String(value)]);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    env: { ...process.env, ...Object.fromEntries(environment) },
    cwd: path.dirname(program),
    encoding: 'utf8',
  });
  const milliseconds = /median step (\d+) ms/.exec(stdout)?.[1];
  if (status === 0 && milliseconds) return { milliseconds: Number(milliseconds) };
  console.error(`NOT MEASURED: the prototype. ${program} failed:\n${stderr}`);
  return undefined;
}

/** The JSON in the last line that a program prints. */
function run<Result>(program: string, parameters: readonly string[]): Result {
  const { status, stdout } = spawnSync(program, parameters, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${program} ${parameters[0]} failed`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Result;
}

const here = (file: string): string => path.join(import.meta.dirname, file);
const round = (value: number): number => Math.round(value * 100) / 100;
