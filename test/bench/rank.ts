// Ranking a whole test set in the whole catalogue, SASRec with L 200: ours and PyTorch's, untrained, since
// what a model has learnt does not change how long it takes. Both see the same last items of the same users,
// 64 users at once, leave out the same items and compare the target with all others. Peak memory is that of
// reading the data, too.
//   --data DIR  items.jsonl and interactions.csv, such as ml-1m
import { type Comparison, compareWithOurs, show, torchSides } from './comparison.ts';
import { dataFolder, type Options } from './options.ts';
import { trainPeer } from './peer-train.ts';
import { MEASURED_WITH, round, runOurs } from './processes.ts';
import { RANKING_SETTINGS, type Settings } from './torch.ts';

export interface RankSizes {
  readonly data: string;
  readonly length: number;
}

export function benchmarkRanking(options: Options): Comparison {
  const sizes: RankSizes = { data: dataFolder(options), length: 200 };
  const comparison = compareWithOurs(
    { work: `ranking the test set with sasrec, L ${sizes.length}`, sizes },
    () => runOurs('rank-ours.ts', [JSON.stringify({ ...sizes, ...MEASURED_WITH })]),
    torchSides(RANKING_SETTINGS, (settings) => rankPeer(sizes, settings)),
  );
  show(comparison);
  return comparison;
}

function rankPeer(sizes: RankSizes, settings: Settings) {
  const result = trainPeer({ ...sizes, ...settings, model: 'sasrec', seed: 1, epochs: 0 });
  if ('failed' in result) return result;
  const { rankingSeconds, peakMegabytes, users, version } = result;
  return { milliseconds: round(1000 * rankingSeconds), peakMegabytes, users, version };
}
