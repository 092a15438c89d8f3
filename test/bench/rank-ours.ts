// Our part of the ranking benchmark: node rank-ours.ts SIZES_AS_JSON. The values are those before any
// training.
import { PRESETS } from '../../jobs/presets.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { silentProgress } from '../../src/progress.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';
import { sasrecModel } from '../../src/recommenders/models.ts';
import { rankInCatalogue } from '../../src/recommenders/ranking.ts';
import { configureExecution } from '../../src/tensor/session.ts';
import { type MEASURED_WITH, report } from './processes.ts';
import type { RankSizes } from './rank.ts';

const { data, length, threads } = JSON.parse(process.argv[2]) as RankSizes & typeof MEASURED_WITH;
configureExecution({ provider: 'cpu', threads });
const { dataset } = await readDataset(data, { onBadRow: 'stop' });
const split = leaveOneOut(dataset.sequences);
const { width, recommender: training } = PRESETS.standard;
const model = sasrecModel(profileOf(dataset, split, length), width);
const { recommender } = await model.train(split.train, {
  ...training,
  stopping: { kind: 'epochs', epochs: 0 },
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
