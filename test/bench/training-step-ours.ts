// Our part of the benchmarks of a training step: node training-step-ours.ts SIZES_AS_JSON
import { initialValues } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { createRandom } from '../../src/random.ts';
import { gru4rec } from '../../src/recommenders/gru4rec.ts';
import { sasrec } from '../../src/recommenders/sasrec.ts';
import { trainingModel } from '../../src/recommenders/sequence-model.ts';
import { chooseBatchShape, fillBatch } from '../../src/recommenders/training/batches.ts';
import type { Loss } from '../../src/recommenders/training/losses.ts';
import { itemPrediction } from '../../src/recommenders/training/objective.ts';
import type { MEASURED_WITH } from './processes.ts';
import { reportSteps } from './step-timing.ts';
import type { StepSizes } from './training-step.ts';

const sizes = JSON.parse(process.argv[2]) as StepSizes & typeof MEASURED_WITH;
const { model, length, width, batchSize, items, dropout, blocks, heads, negatives, threads } = sizes;
const encoder =
  model === 'sasrec'
    ? sasrec({ blocks, heads, feedForward: 1, dropout })
    : gru4rec({ layers: 1, hidden: width, dropout });
const loss: Loss =
  negatives === undefined ? { kind: 'cross-entropy' } : { kind: 'gbce', negatives, calibration: 0.75 };
const random = createRandom('training step');
const sequences = Array.from({ length: batchSize }, () =>
  Int32Array.from({ length: length + 1 }, () => random.integer(items)),
);
const learner = { encoder, objective: itemPrediction(loss), itemCount: items, width, length };
const { windows, feeds: feedsOf } = learner.objective.examples(sequences, learner);
const shape = chooseBatchShape(windows, { batchSize, positionsPerStep: batchSize * length });
const feeds = {
  ...fillBatch(
    windows.map((window) => window.row(random)),
    shape,
  ),
  ...feedsOf(shape, random)(windows),
};
const graph = trainingModel(learner, { kind: 'random' }, shape);
const trainer = await createTrainer([graph], initialValues(graph.parameters, random), {
  seed: 1,
  beta2: 0.98,
  threads,
});

await reportSteps(trainer, feeds, sizes);
