// One training step, forward, backward and optimiser: ours, PyTorch's and, for SASRec, the prototype's, on the same sizes
// and threads. Every position is real and the loss is the full softmax, so that all do the same work.
//   PROTOTYPE  a folder with the prototype's sasrec-step.mjs and what it imports
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Comparison, compareWithOurs, MEASURED_WITH, type Measurement, runOurs, runTorch } from './processes.ts';

export interface StepSizes {
  readonly model: 'sasrec' | 'gru4rec';
  readonly length: number;
  readonly width: number;
  readonly batchSize: number;
  readonly items: number;
  readonly dropout: number;
  /** Of SASRec. */
  readonly blocks: number;
  readonly heads: number;
  /** Negatives of gBCE; the full softmax without. */
  readonly negatives?: number;
}

export const SASREC: StepSizes = {
  model: 'sasrec',
  length: 200,
  width: 64,
  batchSize: 128,
  items: 3417,
  dropout: 0.2,
  blocks: 2,
  heads: 1,
};
const GRU4REC: StepSizes = { ...SASREC, model: 'gru4rec', length: 50, width: 100, dropout: 0 };

interface Row extends Measurement, Omit<Comparison, 'ours'> {
  readonly length: number;
}

interface StepResult {
  /** PyTorch's time over ours, of the length where it is smallest. */
  readonly ratio?: number;
  readonly rows: readonly Row[];
}

export function benchmarkSasrecStep({ length }: { readonly length?: string }): StepResult {
  const lengths = length === undefined ? [200, 50] : [Number(length)];
  if (!lengths.every((value) => Number.isInteger(value) && value > 0)) {
    throw new Error(`--length ${length} is no length`);
  }
  return tell(
    lengths.map((L) => {
      const sizes = { ...SASREC, length: L };
      return measure(sizes, 'sasrec_step.py', { prototype: () => measurePrototype(sizes) });
    }),
  );
}

export const benchmarkGru4recStep = (): StepResult => tell([measure(GRU4REC, 'gru4rec_step.py')]);

function measure(
  sizes: StepSizes,
  torchProgram: string,
  others: Record<string, () => Measurement | undefined> = {},
): Row {
  const parameters = [JSON.stringify({ ...sizes, ...MEASURED_WITH })];
  const { ours, ...compared } = compareWithOurs({
    ours: () => runOurs<Measurement>('training-step-ours.ts', parameters),
    torch: () => runTorch<Measurement>(torchProgram, parameters),
    ...others,
  });
  return { length: sizes.length, ...ours, ...compared };
}

function tell(rows: readonly Row[]): StepResult {
  console.table(
    rows.flatMap(({ length, milliseconds, peakMegabytes, peers, ratios }) => [
      { length, engine: 'tslrec', milliseconds, peakMegabytes },
      ...Object.entries(peers).map(([engine, peer]) => ({ length, engine, ...peer, ratio: ratios[engine] })),
    ]),
  );
  const ratios = rows.flatMap(({ ratios }) => ratios.torch ?? []);
  return { ...(ratios.length > 0 && { ratio: Math.min(...ratios) }), rows };
}

function measurePrototype({ batchSize, length, width, heads, blocks, items }: StepSizes): Measurement | undefined {
  const program = path.resolve(process.env.PROTOTYPE ?? '', 'sasrec-step.mjs');
  if (process.env.PROTOTYPE === undefined || !existsSync(program)) {
    console.error('NOT MEASURED: the prototype. Name a folder with its sasrec-step.mjs in PROTOTYPE.');
    return undefined;
  }
  const { threads, warmUpSteps, measuredSteps } = MEASURED_WITH;
  const sizes = { B: batchSize, L: length, D: width, H: heads, NB: blocks, V: items, TH: threads };
  const environment = Object.entries({ ...sizes, N: warmUpSteps + measuredSteps });
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    env: { ...process.env, ...Object.fromEntries(environment.map(([name, value]) => [name, String(value)])) },
    cwd: path.dirname(program),
    encoding: 'utf8',
  });
  const milliseconds = /median step (\d+) ms/.exec(stdout)?.[1];
  if (status === 0 && milliseconds) return { milliseconds: Number(milliseconds) };
  console.error(`NOT MEASURED: the prototype. ${program} failed:\n${stderr}`);
  return undefined;
}
