// What several runs say together: means over seeds, the mode that validation chose, how sure a difference is,
// and which items gain. The test never decides anything.
import type { Split } from '../interactions/dataset.ts';
import { ndcgOfUsers, type RankingMetrics, rankingMetrics } from '../recommenders/metrics.ts';
import { type EvaluationRun, RANDOM_ARM, TEXT_ARMS, type TextArm } from './compare.ts';
import { POPULARITY_GROUPS, type PopularityGroup, popularityGroups } from './popularity.ts';
import { pairedRandomisationTest } from './significance.ts';
import type { WarmStartMode } from './warm-start.ts';

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation over seeds; absent for one seed. */
  readonly deviation?: number;
}

export interface GroupFigures {
  /** How many users are asked for an item of this group. */
  readonly users: number;
  /** Test NDCG@10 over these users, mean over seeds. */
  readonly ndcg: number;
}

/** Of test NDCG@10 over somebody else's. */
export interface Gain {
  /** 0.25 is 25 % more. Absent where the other's is 0. */
  readonly gain?: number;
  /** Of the paired test of that difference over users. */
  readonly pValue: number;
}

/**
 * `gain` and `pValue` are over the random start of the same model; absent where there is none to compare
 * with.
 */
export interface Summary extends Partial<Gain> {
  readonly model: string;
  readonly arm: string;
  readonly mode: WarmStartMode;
  /** Whether validation prefers this mode of the arm. */
  readonly chosen: boolean;
  readonly seeds: number;
  readonly validation: Readonly<Record<string, Spread>>;
  readonly test: Readonly<Record<string, Spread>>;
  readonly groups: Readonly<Record<PopularityGroup, GroupFigures>>;
  /** Over starts from text without a language model, each in the mode that validation chose for it. */
  readonly overText: Readonly<Partial<Record<TextArm, Gain>>>;
  /** Of a model's random start over that of the model that stands first. */
  readonly overFirstModel?: Gain;
  readonly epochs: number;
  readonly seconds: number;
  /**
   * Mean over seeds until validation NDCG@10 is at least the random start's best; absent where a seed never
   * got there.
   */
  readonly toRandomBest?: { readonly epochs: number; readonly seconds: number };
}

const CUT_OFF = 10;

export function summarise(
  runs: readonly EvaluationRun[],
  split: Pick<Split, 'train' | 'test'>,
  itemCount: number,
  cutOffs?: readonly number[],
): Summary[] {
  const groupOf = popularityGroups(split.train, itemCount);
  const groups = [...Map.groupBy(runs, ({ model, arm, mode }) => `${model} ${arm} ${mode}`).values()];
  const validationOf = new Map(
    groups.map((group) => [
      group,
      average(group.map(({ validation }) => average(ndcgOfUsers(validation, CUT_OFF)))),
    ]),
  );
  const modesOf = (model: string, arm: string) =>
    groups.filter(([other]) => other.model === model && other.arm === arm);
  // Of equal modes the first.
  const chosenOf = (model: string, arm: string) =>
    modesOf(model, arm).reduce<EvaluationRun[] | undefined>(
      (best, group) => (best && validationOf.get(best)! >= validationOf.get(group)! ? best : group),
      undefined,
    );
  const randomOf = (model: string) => runs.filter((run) => run.model === model && run.arm === RANDOM_ARM);
  const ofFirst = randomOf(runs[0].model);
  return groups.map((group) => {
    const [{ model, arm, mode }] = group;
    const random = randomOf(model);
    const users = ndcgOverSeeds(group);
    const isCompared = arm !== RANDOM_ARM && random.length > 0;
    const isOverFirst = arm === RANDOM_ARM && model !== runs[0].model && ofFirst.length > 0;
    return {
      model,
      arm,
      mode,
      chosen: chosenOf(model, arm) === group,
      seeds: group.length,
      validation: spreads(group.map((run) => rankingMetrics(run.validation, cutOffs))),
      test: spreads(group.map((run) => rankingMetrics(run.test, cutOffs))),
      groups: Object.fromEntries(
        POPULARITY_GROUPS.map((name) => {
          const ofGroup = users.filter((_, row) => groupOf[split.test.targets[row]] === name);
          return [name, { users: ofGroup.length, ndcg: average(ofGroup) }];
        }),
      ) as unknown as Summary['groups'],
      ...(isCompared && {
        ...pairedGain(users, ndcgOverSeeds(random)),
        toRandomBest: toRandomBest(group, random),
      }),
      overText: Object.fromEntries(
        textArmsBefore(arm).flatMap((text) => {
          const chosen = chosenOf(model, text);
          return chosen ? [[text, pairedGain(users, ndcgOverSeeds(chosen))]] : [];
        }),
      ),
      ...(isOverFirst && { overFirstModel: pairedGain(users, ndcgOverSeeds(ofFirst)) }),
      epochs: average(group.map(({ epochs }) => epochs)),
      seconds: average(group.map(({ seconds }) => seconds)),
    };
  });
}

/**
 * Text that is adapted is compared with text that is not, not the other way round; every arm that learns more
 * with both.
 */
const textArmsBefore = (arm: string): readonly TextArm[] => {
  if (arm === RANDOM_ARM) return [];
  const place = (TEXT_ARMS as readonly string[]).indexOf(arm);
  return place < 0 ? TEXT_ARMS : TEXT_ARMS.slice(0, place);
};

/** Each user's test NDCG@10, mean over seeds. */
function ndcgOverSeeds(runs: readonly EvaluationRun[]): Float64Array {
  const total = new Float64Array(runs[0].test.length);
  for (const { test } of runs) {
    ndcgOfUsers(test, CUT_OFF).forEach((x, row) => {
      total[row] += x / runs.length;
    });
  }
  return total;
}

/** Of the same users; no gain over a base of 0. */
function pairedGain(users: Float64Array, base: Float64Array): Gain {
  const ofBase = average(base);
  return {
    gain: ofBase > 0 ? average(users) / ofBase - 1 : undefined,
    pValue: pairedRandomisationTest(users, base),
  };
}

function toRandomBest(
  group: readonly EvaluationRun[],
  random: readonly EvaluationRun[],
): Summary['toRandomBest'] {
  const best = (seed: number) => {
    const run = random.find((other) => other.seed === seed);
    return run ? Math.max(...run.history.map(({ metric = 0 }) => metric)) : Number.POSITIVE_INFINITY;
  };
  const reached = group.map(({ seed, history }) => {
    const epoch = history.findIndex(({ metric = 0 }) => metric >= best(seed));
    return epoch < 0 ? undefined : history.slice(0, epoch + 1);
  });
  if (reached.some((epochs) => epochs === undefined)) return undefined;
  return {
    epochs: average(reached.map((epochs) => epochs!.length)),
    seconds: average(reached.map((epochs) => epochs!.reduce((sum, epoch) => sum + epoch.seconds, 0))),
  };
}

function spreads(metrics: readonly RankingMetrics[]): Record<string, Spread> {
  const names = Object.keys(metrics[0]) as (keyof RankingMetrics)[];
  return Object.fromEntries(names.map((name) => [name, spread(metrics.map((ofSeed) => ofSeed[name]))]));
}

function spread(values: readonly number[]): Spread {
  const mean = average(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, ...(values.length > 1 && { deviation: Math.sqrt(squares / (values.length - 1)) }) };
}

export function average(values: ArrayLike<number>): number {
  return values.length === 0 ? 0 : Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
