// What are the embeddings worth, and what are the recommenders? The same recommenders from noise, from
// TSLRec's embeddings and from what else could have been taken (arms.ts).
import { compare, drawCandidateSets, type EvaluationRun, type RunName } from '../src/evaluation/compare.ts';
import { type Summary, summarise } from '../src/evaluation/summary.ts';
import type { WarmStartMode } from '../src/evaluation/warm-start.ts';
import type { SplitName } from '../src/interactions/dataset.ts';
import { type ExternalModelPlace, findExternalModel } from '../src/language-model/external/external-model.ts';
import type { ReadingReport } from '../src/layouts/read-dataset.ts';
import { type CertainHits, certainHits, checkHitsUncertain } from '../src/recommenders/certain-hits.ts';
import { rankingMetrics } from '../src/recommenders/metrics.ts';
import { MODELS, type ModelName } from '../src/recommenders/models.ts';
import { type OwnTargets, ownTargets } from '../src/recommenders/own-targets.ts';
import { type ArmName, learnArms } from './evaluation/arms.ts';
import { keepRuns } from './evaluation/kept-runs.ts';
import { type ExperimentOptions, learningIn, openExperiment, skippedRowsIn } from './experiment.ts';
import { checkSamples } from './learn.ts';
import { warmStartAdapter } from './presets.ts';

export interface EvaluateOptions extends ExperimentOptions {
  /** Where the stages of the embeddings are kept, and found if a refresh has made them. */
  readonly folder: string;
  /** The language model of the TSLRec arm, in place of one trained on the catalogue's words. */
  readonly languageModel?: ExternalModelPlace;
  readonly models: readonly ModelName[];
  readonly arms: readonly ArmName[];
  readonly modes: readonly WarmStartMode[];
  /** How many seeds: 1, 2, ... `seed` is that of the embeddings. */
  readonly seeds: number;
  readonly split: SplitName;
  /** Ranks among this many sampled items instead of the whole catalogue. */
  readonly candidates?: number;
  readonly cutOffs: readonly number[];
  /** Whether a file of skipped rows that is not tslrec's own is replaced. */
  readonly force?: boolean;
}

/** One figure set of one run on one split; what `evaluate --json` prints. */
export interface EvaluationRow {
  readonly model: ModelName;
  readonly arm: string;
  readonly mode: string;
  readonly seed: number;
  readonly split: 'validation' | 'test';
  readonly epochs: number;
  readonly seconds: number;
  readonly [metric: string]: string | number;
}

export interface EvaluationResult extends ReadingReport {
  readonly dataset: string;
  readonly protocol: SplitName;
  readonly candidates?: number;
  readonly length: number;
  readonly items: number;
  /**
   * How many of them rankings leave out for users who already have them: those that no training history
   * holds twice, or none.
   */
  readonly notRepeatable: number;
  /** Users who are asked for such an item that they have: under that rule certain misses. */
  readonly ownTargets: OwnTargets;
  /** At each cut-off, users for whom no more items are ranked than it has. */
  readonly certainHits: readonly CertainHits[];
  readonly users: { readonly validation: number; readonly test: number };
  readonly rows: readonly EvaluationRow[];
  readonly summary: readonly Summary[];
  /**
   * Validation NDCG@10 after each epoch, by run: in the whole catalogue or as `validatedAmong` says, whatever
   * the tables rank.
   */
  readonly curves: readonly Curve[];
}

export interface Curve extends RunName, Pick<EvaluationRun, 'validatedAmong'> {
  readonly epochs: readonly {
    readonly loss: number;
    readonly validation: number;
    readonly seconds: number;
  }[];
}

export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const skippedRowsFile = await skippedRowsIn(options.folder, options);
  const { experiment, report } = await openExperiment(options, skippedRowsFile);
  const { dataset, split, profile, preset } = experiment;
  const languageModel = options.languageModel && (await findExternalModel(options.languageModel, options));
  const hits = certainHits(split, profile, options.cutOffs, options.candidates);
  if (options.candidates === undefined) checkHitsUncertain(hits);
  // Drawn before anything is learnt: of a small catalogue too many may be asked for.
  const candidates =
    options.candidates === undefined
      ? undefined
      : drawCandidateSets(split, dataset.items.length, options.candidates);
  const learning = learningIn(options.folder, experiment);
  checkSamples(learning, { languageModel });
  const models = options.models.map((name) => ({ name, model: MODELS[name](profile, preset.width) }));
  const haveStarts = models.some(({ model }) => model.takesItemTable);
  const arms = haveStarts ? await learnArms(options.arms, learning, languageModel) : [];
  const runs = await compare(split, {
    models,
    arms,
    modes: options.modes,
    seeds: Array.from({ length: options.seeds }, (_, i) => i + 1),
    candidates,
    adapter: warmStartAdapter(preset),
    training: preset.recommender,
    progress: options.progress,
    once: keepRuns(learning, arms, options.candidates),
  });
  return {
    dataset: dataset.name,
    protocol: options.split,
    candidates: options.candidates,
    length: profile.length,
    ...report,
    items: dataset.items.length,
    notRepeatable: profile.repeatable.filter((repeatable) => !repeatable).length,
    ownTargets: ownTargets(split, dataset.items.length),
    certainHits: hits,
    users: { validation: split.validation.targets.length, test: split.test.targets.length },
    rows: runs.flatMap((run) => rowsOf(run, options.cutOffs)),
    summary: summarise(runs, split, dataset.items.length, options.cutOffs),
    curves: runs.map(curveOf),
  };
}

const curveOf = ({ model, arm, mode, seed, history, validatedAmong }: EvaluationRun): Curve => ({
  model,
  arm,
  mode,
  seed,
  validatedAmong,
  epochs: history.map(({ loss, metric = 0, seconds }) => ({ loss, validation: metric, seconds })),
});

function rowsOf(run: EvaluationRun, cutOffs: readonly number[]): EvaluationRow[] {
  const { model, arm, mode, seed, epochs, seconds } = run;
  return (['validation', 'test'] as const).map((split) => ({
    model,
    arm,
    mode,
    seed,
    split,
    ...rankingMetrics(run[split], cutOffs),
    epochs,
    seconds,
  }));
}
