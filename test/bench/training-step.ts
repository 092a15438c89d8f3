// One training step, forward, backward and optimiser: ours, PyTorch's and, for SASRec, the prototype's, on
// the same sizes and threads. Every position is real and the loss is the full softmax, so that all do the
// same work.
//   --length L  of SASRec
//   PROTOTYPE  a folder with the prototype's sasrec-step.mjs and what it imports
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type Comparison, compareWithOurs, type Side, show, torchSides } from './comparison.ts';
import { type Options, wholeNumber } from './options.ts';
import { type Failure, MEASURED_WITH, type Measurement, runOurs } from './processes.ts';
import { runTorch, TRAINING_SETTINGS } from './torch.ts';

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

interface SasrecSteps extends Comparison {
  /** The comparison is that of the length with the smallest ratio, these are all. */
  readonly lengths: readonly Comparison[];
}

export function benchmarkSasrecStep({ length }: Options): SasrecSteps {
  const lengths = length === undefined ? [200, 50] : [wholeNumber('length', length, 1)];
  const compared = lengths.map((L) => compareStep({ ...SASREC, length: L }, 'sasrec_step.py', prototype));
  const ratioOf = ({ ratio = Number.POSITIVE_INFINITY }: Comparison) => ratio;
  return {
    ...compared.reduce((worst, one) => (ratioOf(one) < ratioOf(worst) ? one : worst)),
    lengths: compared,
  };
}

export const benchmarkGru4recStep = (): Comparison => compareStep(GRU4REC, 'gru4rec_step.py');

function compareStep(
  sizes: StepSizes,
  torchProgram: string,
  others: (sizes: StepSizes) => readonly Side[] = () => [],
): Comparison {
  const all = { ...sizes, ...MEASURED_WITH };
  const comparison = compareWithOurs(
    { work: `a training step of ${sizes.model}, L ${sizes.length}`, sizes },
    () => runOurs('training-step-ours.ts', [JSON.stringify(all)]),
    [
      ...torchSides(TRAINING_SETTINGS[sizes.model], (settings) =>
        runTorch(torchProgram, [JSON.stringify({ ...all, ...settings })]),
      ),
      ...others(sizes),
    ],
  );
  show(comparison);
  return comparison;
}

/** The prototype, where PROTOTYPE names it. */
function prototype(sizes: StepSizes): Side[] {
  const folder = process.env.PROTOTYPE;
  if (!folder) return [];
  const program = path.resolve(folder, 'sasrec-step.mjs');
  return [{ engine: 'prototype', settings: {}, measure: () => measurePrototype(program, sizes) }];
}

function measurePrototype(
  program: string,
  { batchSize, length, width, heads, blocks, items }: StepSizes,
): Measurement | Failure {
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
  return { failed: /^.*Error.*$/m.exec(stderr)?.[0] ?? `${program} ended with status ${status}` };
}
