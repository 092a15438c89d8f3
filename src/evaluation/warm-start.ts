// Does it help? The same recommender, the same budget and the same seeds, started from different item vectors.
// Every figure is a full ranking (`Ranker`); the mode of an arm is chosen on validation, never on the test.
// Legend: N items, d width.
import type { Split } from '../interactions/dataset.ts';
import type { EpochRecord } from '../network/fit.ts';
import type { Progress } from '../progress.ts';
import type { ItemTable } from '../recommenders/item-table.ts';
import { type RankingMetrics, rankingMetrics } from '../recommenders/metrics.ts';
import { testItems, validationItems } from '../recommenders/next-items.ts';
import {
  createRanker,
  type NextItems,
  type RecommenderOptions,
  type TrainingOptions,
  trainRecommender,
} from '../recommenders/recommender.ts';

export type WarmStartMode = 'init' | 'frozen';

export interface Arm {
  readonly name: string;
  /** [N, d]; none for the random start. */
  readonly vectors?: Float32Array;
}

export interface WarmStartRun {
  readonly arm: string;
  readonly mode: WarmStartMode;
  readonly seed: number;
  readonly validation: RankingMetrics;
  readonly test: RankingMetrics;
  /** Epochs, and training seconds, up to the best one. */
  readonly epochs: number;
  readonly seconds: number;
  readonly history: readonly EpochRecord[];
}

export const RANDOM_ARM = 'random';

export interface WarmStartOptions {
  readonly seeds: readonly number[];
  readonly training: Pick<TrainingOptions, 'batchSize' | 'positionsPerStep' | 'steps' | 'patience' | 'learningRate'>;
  readonly progress: Progress;
  /** Runs it, or gives what an earlier, interrupted comparison kept under this name. */
  readonly once: (name: string, run: (checkpoint: string) => Promise<WarmStartRun>) => Promise<WarmStartRun>;
}

/** One run an arm, mode and seed. The random start has one mode, `init`: a frozen table of noise says nothing. */
export async function compareWarmStarts(
  recommender: RecommenderOptions,
  split: Split,
  arms: readonly Arm[],
  { seeds, training, progress, once }: WarmStartOptions,
): Promise<WarmStartRun[]> {
  const ranker = await createRanker(recommender);
  const validation = validationItems(split);
  const test = testItems(split);
  const trainOnce = async (arm: string, mode: WarmStartMode, table: ItemTable, seed: number, checkpoint: string) => {
    const trained = await trainRecommender(recommender, split.train, validation, {
      ...training,
      table,
      seed: `warm-start/${seed}`,
      checkpoint,
      progress,
      name: `${arm} ${mode}, seed ${seed}`,
    });
    const metrics = async (next: NextItems) =>
      rankingMetrics(await ranker.ranks(trained.values, trained.itemVectors, next));
    const untilBest = trained.history.slice(0, trained.bestEpoch + 1);
    return {
      arm,
      mode,
      seed,
      validation: await metrics(validation),
      test: await metrics(test),
      epochs: untilBest.length,
      seconds: untilBest.reduce((sum, epoch) => sum + epoch.seconds, 0),
      history: trained.history,
    };
  };
  const runs: WarmStartRun[] = [];
  for (const arm of arms) {
    for (const [mode, table] of tablesOf(arm)) {
      for (const seed of seeds) {
        const run = (checkpoint: string) => trainOnce(arm.name, mode, table, seed, checkpoint);
        runs.push(await once(`${arm.name}-${mode}-${seed}`, run));
      }
    }
  }
  await ranker.release();
  return runs;
}

function tablesOf({ vectors }: Arm): [WarmStartMode, ItemTable][] {
  if (!vectors) return [['init', { kind: 'random' }]];
  return [
    ['init', { kind: 'init', vectors }],
    ['frozen', { kind: 'frozen', vectors }],
  ];
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation over seeds; 0 for one seed. */
  readonly deviation: number;
}

export interface WarmStartSummary {
  readonly arm: string;
  readonly mode: WarmStartMode;
  /** Whether validation prefers this mode of the arm. */
  readonly chosen: boolean;
  readonly validationNdcg: Spread;
  readonly testNdcg: Spread;
  readonly testHr: Spread;
  readonly testMrr: Spread;
  /** Test NDCG@10 against the random start's: 0.25 is 25 % more. */
  readonly gain: number;
  readonly epochs: number;
  /** Mean over seeds until validation NDCG@10 is at least the random start's best; absent where a seed never got there. */
  readonly toRandomBest?: { readonly epochs: number; readonly seconds: number };
}

export function summarise(runs: readonly WarmStartRun[]): WarmStartSummary[] {
  const groups = [...Map.groupBy(runs, ({ arm, mode }) => `${arm} ${mode}`).values()];
  const random = runs.filter(({ arm }) => arm === RANDOM_ARM);
  const randomNdcg = spread(random.map(({ test }) => test['ndcg@10'])).mean;
  const validationOf = (group: readonly WarmStartRun[]) => spread(group.map(({ validation }) => validation['ndcg@10']));
  return groups.map((group) => {
    const [{ arm, mode }] = group;
    const rivals = groups.filter(([rival]) => rival.arm === arm).map((rival) => validationOf(rival).mean);
    const testNdcg = spread(group.map(({ test }) => test['ndcg@10']));
    return {
      arm,
      mode,
      chosen: validationOf(group).mean >= Math.max(...rivals),
      validationNdcg: validationOf(group),
      testNdcg,
      testHr: spread(group.map(({ test }) => test['hr@10'])),
      testMrr: spread(group.map(({ test }) => test['mrr@10'])),
      gain: random.length > 0 ? testNdcg.mean / randomNdcg - 1 : Number.NaN,
      epochs: spread(group.map(({ epochs }) => epochs)).mean,
      toRandomBest: toRandomBest(group, random),
    };
  });
}

function toRandomBest(
  group: readonly WarmStartRun[],
  random: readonly WarmStartRun[],
): WarmStartSummary['toRandomBest'] {
  const reached = group.map(({ seed, history }) => {
    const target = random.find((run) => run.seed === seed)?.validation['ndcg@10'] ?? Number.POSITIVE_INFINITY;
    const epoch = history.findIndex(({ metric = 0 }) => metric >= target);
    return epoch < 0 ? undefined : history.slice(0, epoch + 1);
  });
  if (reached.some((epochs) => epochs === undefined)) return undefined;
  const seconds = reached.map((epochs) => epochs!.reduce((sum, epoch) => sum + epoch.seconds, 0));
  return { epochs: spread(reached.map((epochs) => epochs!.length)).mean, seconds: spread(seconds).mean };
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
