// How the time of a SASRec step grows with the batch, the length and the catalogue. The exponent is the slope
// of log(time) over log(size), by least squares: 1 is proportional.
import { average } from '../../src/evaluation/summary.ts';
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

export function benchmarkScaling() {
  const rows = Object.entries(GROWING).flatMap(([what, cases]) => {
    const measured = cases.map((sizes) => ({
      size: Number(sizes[SIZE[what] ?? 'items']),
      ...runOurs<Measurement>('training-step-ours.ts', [JSON.stringify({ ...sizes, ...MEASURED_WITH })]),
    }));
    const exponent = slope(
      measured.map(({ size, milliseconds }) => [Math.log(size), Math.log(milliseconds)]),
    );
    return measured.map((row) => ({ what, ...row, exponent: round(exponent) }));
  });
  const { threads } = MEASURED_WITH;
  const work = 'a training step of sasrec';
  console.log(`${work}, ${threads} threads`);
  console.table(rows);
  return { work, sizes: BASE, threads, rows };
}

function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const [meanX, meanY] = [average(points.map(([x]) => x)), average(points.map(([, y]) => y))];
  const of = (product: (x: number, y: number) => number) =>
    points.reduce((sum, [x, y]) => sum + product(x - meanX, y - meanY), 0);
  return of((x, y) => x * y) / of((x) => x * x);
}
