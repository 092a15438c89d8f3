// Our part of the benchmark in a process of its own: node sasrec-step-ours.ts LENGTH
import { initialValues } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { createRandom } from '../../src/random.ts';
import { chooseBatchShape, nextItemBatches, nextItemWindows } from '../../src/recommenders/batches.ts';
import { sasrec } from '../../src/recommenders/sasrec.ts';
import { trainingModel } from '../../src/recommenders/sequence-model.ts';
import { MEASURED_STEPS, SIZES, WARM_UP_STEPS } from './sasrec-step.ts';

const length = Number(process.argv[2]);
const { blocks, heads, dropout, items, width, batchSize, threads } = SIZES;
const random = createRandom('sasrec-step');
const sequences = Array.from({ length: batchSize }, () =>
  Int32Array.from({ length: length + 1 }, () => random.integer(items)),
);
const windows = nextItemWindows(sequences, length);
const shape = chooseBatchShape(windows, { batchSize, positionsPerStep: batchSize * length }, length);
const [batch] = nextItemBatches(windows, shape, random);
const encoder = sasrec({ blocks, heads, feedForward: 1, dropout });
const model = trainingModel(
  { encoder, loss: { kind: 'cross-entropy' }, itemCount: items, width },
  { kind: 'random' },
  shape,
);
const trainer = await createTrainer([model], initialValues(model.parameters, random), {
  seed: 1,
  beta2: 0.98,
  threads,
});

const times: number[] = [];
for (let step = 0; step < WARM_UP_STEPS + MEASURED_STEPS; step++) {
  const began = performance.now();
  await trainer.step(batch, 1e-3);
  times.push(performance.now() - began);
}
const measured = times.slice(WARM_UP_STEPS).sort((a, b) => a - b);
const milliseconds = Math.round(measured[Math.floor(measured.length / 2)]);
console.log(JSON.stringify({ milliseconds, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) }));
