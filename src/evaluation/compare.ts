// Does it help? The same recommenders, the same budget and the same seeds, started from different item
// vectors. Legend: N items, d width, n users asked.
import { TslrecError } from '../errors.ts';
import type { Split } from '../interactions/dataset.ts';
import type { Progress } from '../progress.ts';
import type { ModelName } from '../recommenders/models.ts';
import { drawCandidates, lackedItems, rankAmong, rankInCatalogue } from '../recommenders/ranking.ts';
import type {
  Patience,
  RecommenderModel,
  TrainedRecommender,
  TrainingOptions,
} from '../recommenders/recommender.ts';
import { type WarmStartMode, type WarmStartOptions, warmStartTable } from './warm-start.ts';

export interface Arm {
  readonly name: string;
  /** [N, d]; none for the random start. */
  readonly vectors?: Float32Array;
}

export const RANDOM_ARM = 'random';
/** What TSLRec's embeddings have to be better than: text features without a language model. */
export const TEXT_ARMS = ['tf-idf', 'text'] as const;
export type TextArm = (typeof TEXT_ARMS)[number];

export interface RunName {
  readonly model: ModelName;
  readonly arm: string;
  readonly mode: WarmStartMode;
  readonly seed: number;
}

export interface EvaluationRun extends RunName, Pick<TrainedRecommender, 'history' | 'validatedAmong'> {
  /** The rank of each asked user's next item [n]. */
  readonly validation: Int32Array;
  readonly test: Int32Array;
  /** Epochs, and training seconds, up to the best one; 0 where nothing is trained. */
  readonly epochs: number;
  readonly seconds: number;
}

/** The right item and sampled others for each asked user [n, 1 + sampled]. */
export interface CandidateSets {
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/** The same for every run. Throws where some user does not lack as many items. */
export function drawCandidateSets(
  { validation, test }: Split,
  itemCount: number,
  sampled: number,
): CandidateSets {
  const most = [validation, test]
    .flatMap((part) => lackedItems(part, itemCount))
    .reduce((least, lacked) => Math.min(least, lacked), itemCount);
  if (sampled > most) {
    const instead =
      most > 0 ? `ask for ${most} at most, or rank the whole catalogue` : 'rank the whole catalogue';
    throw new TslrecError(
      'bad-request',
      `${sampled} sampled items are wanted beside the right one, but some user lacks only ${most} of the ` +
        `${itemCount} items; ${instead}.`,
    );
  }
  return {
    validation: drawCandidates(validation, itemCount, sampled, 'validation candidates'),
    test: drawCandidates(test, itemCount, sampled, 'test candidates'),
  };
}

export interface CompareOptions {
  readonly models: readonly { readonly name: ModelName; readonly model: RecommenderModel }[];
  readonly arms: readonly Arm[];
  readonly modes: readonly WarmStartMode[];
  readonly seeds: readonly number[];
  /** Ranks the right item among these instead of the whole catalogue. */
  readonly candidates?: CandidateSets;
  readonly adapter: WarmStartOptions['adapter'];
  readonly training: Patience & Pick<TrainingOptions, 'batchSize' | 'positionsPerStep' | 'learningRate'>;
  readonly progress: Progress;
  /** Runs it, or gives what an earlier, interrupted comparison kept of it. */
  readonly once: (
    which: RunName,
    run: (checkpoint: string) => Promise<EvaluationRun>,
  ) => Promise<EvaluationRun>;
}

/**
 * One run a model, arm, mode and seed. The random start has one mode, `init`: a frozen table of noise says
 * nothing. Models that judge candidates one by one or only count have no item table to start from: they run
 * once, at random; what only counts has no seeds.
 */
export async function compare(split: Split, options: CompareOptions): Promise<EvaluationRun[]> {
  const runs: EvaluationRun[] = [];
  for (const { name, model } of options.models) {
    for (const arm of model.takesItemTable ? options.arms : [{ name: RANDOM_ARM }]) {
      for (const mode of 'vectors' in arm && arm.vectors ? options.modes : (['init'] as const)) {
        for (const seed of model.isSeeded ? options.seeds : options.seeds.slice(0, 1)) {
          const run = (checkpoint: string) =>
            runOnce(split, options, { name, model, arm, mode, seed, checkpoint });
          runs.push(await options.once({ model: name, arm: arm.name, mode, seed }, run));
        }
      }
    }
  }
  return runs;
}

interface OneRun {
  readonly name: ModelName;
  readonly model: RecommenderModel;
  readonly arm: Arm;
  readonly mode: WarmStartMode;
  readonly seed: number;
  readonly checkpoint: string;
}

async function runOnce(split: Split, options: CompareOptions, run: OneRun): Promise<EvaluationRun> {
  const { name, model, arm, mode, seed, checkpoint } = run;
  const { candidates, adapter, progress } = options;
  const { steps, patience, ...training } = options.training;
  const { itemCount } = model;
  const { recommender, bestEpoch, history, validatedAmong } = await model.train(split.train, {
    ...training,
    stopping: { kind: 'early', validation: split.validation, steps, patience },
    table: arm.vectors
      ? warmStartTable(mode, arm.vectors, { itemCount, train: split.train, adapter })
      : { kind: 'random' },
    seed: `warm-start/${seed}`,
    checkpoint,
    progress,
    name: `${name}, ${arm.name} ${mode}, seed ${seed}`,
  });
  const ranksOf = (part: 'validation' | 'test') =>
    candidates
      ? rankAmong(recommender, model, split[part], candidates[part])
      : rankInCatalogue(recommender, model, split[part]);
  const [validation, test] = [await ranksOf('validation'), await ranksOf('test')];
  await recommender.release();
  const untilBest = history.slice(0, bestEpoch + 1);
  return {
    model: name,
    arm: arm.name,
    mode,
    seed,
    validation,
    test,
    epochs: untilBest.length,
    seconds: untilBest.reduce((sum, epoch) => sum + epoch.seconds, 0),
    history,
    validatedAmong,
  };
}
