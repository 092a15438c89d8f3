// How the time of a SASRec step grows with the batch, the length and the catalogue. The exponent is the slope of
// log(time) over log(size): 1 is proportional.
import { MEASURED_WITH, type Measurement, round, runOurs } from './processes.ts';
import { SASREC, type StepSizes } from './training-step.ts';

const BASE: StepSizes = { ...SASREC, length: 50 };
const GROWING: Readonly<Record<string, readonly StepSizes[]>> = {
  batch: [32, 64, 128, 256].map((batchSize) => ({ ...BASE, batchSize })),
  length: [25, 50, 100, 200].map((length) => ({ ...BASE, length })),
  'catalogue, full softmax': [2_500, 10_000, 40_000].map((items) => ({ ...BASE, items })),
  'catalogue, 256 sampled': [10_000, 100_000, 1_000_000].map((items) => ({ ...BASE, items, negatives: 256 })),
};
const SIZE: Readonly<Record<string, keyof StepSizes>> = { batch: 'batchSize', length: 'length' };

export function benchmarkScaling(): object {
  const rows = Object.entries(GROWING).flatMap(([what, cases]) => {
    const measured = cases.map((sizes) => ({
      size: Number(sizes[SIZE[what] ?? 'items']),
      ...runOurs<Measurement>('training-step-ours.ts', [JSON.stringify({ ...sizes, ...MEASURED_WITH })]),
    }));
    const [first, last] = [measured[0], measured.at(-1)!];
    const exponent = Math.log(last.milliseconds / first.milliseconds) / Math.log(last.size / first.size);
    return measured.map((row) => ({ what, ...row, exponent: row === last ? round(exponent) : undefined }));
  });
  console.table(rows);
  return { rows };
}
