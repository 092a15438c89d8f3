// Our part of the ranking benchmark: node rank-ours.ts DATA LENGTH. The values are those before any training.
import { readDataset } from '../../src/interactions/read-dataset.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { silentProgress } from '../../src/progress.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';
import { sasrecModel, trainModel } from '../../src/recommenders/models.ts';
import { rankInCatalogue } from '../../src/recommenders/ranking.ts';
import { report } from './processes.ts';

const [data, length] = process.argv.slice(2);
const { dataset } = await readDataset(data, { onBadRow: 'stop' });
const split = leaveOneOut(dataset.sequences);
const model = sasrecModel(profileOf(dataset, split, Number(length)), 64);
const { recommender } = await trainModel(model, split, {
  ...{ batchSize: 128, positionsPerStep: 3_200, steps: 0, patience: 1, learningRate: 2e-3 },
  table: { kind: 'random' },
  seed: 1,
  progress: silentProgress,
  name: 'none',
});
await rankInCatalogue(recommender, model, split.validation); // warm, as the peer is
const began = performance.now();
const ranks = await rankInCatalogue(recommender, model, split.test);
report(performance.now() - began, { users: ranks.length });
await recommender.release();
