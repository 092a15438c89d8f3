// The nightly job: data in, a new version out.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset } from '../src/interactions/dataset.ts';
import { type ExternalModelPlace, findExternalModel } from '../src/language-model/external/external-model.ts';
import type { AnswerCounts } from '../src/language-model/reading/read-answers.ts';
import type { ReadingReport } from '../src/layouts/read-dataset.ts';
import type { Log } from '../src/log.ts';
import { checkLearnable } from '../src/recommenders/sequence-model.ts';
import { openToRefresh, type Refreshing } from '../src/storage/refreshing.ts';
import type { RunningRun, VersionDraft } from '../src/storage/store.ts';
import {
  type Experiment,
  type ExperimentOptions,
  type Learning,
  learningIn,
  openExperiment,
  skippedRowsIn,
} from './experiment.ts';
import { keepLastVersion } from './last-version.ts';
import { checkSamples, type Given } from './learn.ts';
import { type HowLearnt, type LearntVersion, learnVersion } from './learn-version.ts';
import { pruneWork } from './prune.ts';
import { defineStage, stageName } from './stage.ts';
import type { FineTuned } from './stages/fine-tune.ts';
import { readSrsEmbeddings, type SrsEmbeddings, type SrsFiles } from './stages/srs-embeddings.ts';
import type { WarmStarts } from './stages/warm-starts.ts';

export interface RefreshOptions extends ExperimentOptions {
  /** A folder or a `postgres://` URL. */
  readonly store: string;
  /** Where files go: the store itself where it is a folder. */
  readonly folder: string;
  /** The Postgres schema that holds the tables. */
  readonly schema?: string;
  /** Item vectors of a recommender that somebody runs, in place of the built-in pre-training. */
  readonly srs?: SrsFiles;
  /** A language model, in place of one trained on the catalogue's words. */
  readonly languageModel?: ExternalModelPlace;
  /** Learns everything from scratch, whatever there is to go on from. */
  readonly full?: boolean;
  readonly log: Log;
  /** Told the name of each point that a crash could hit: `after:<stage>` and those of publishing. */
  readonly failpoint: (name: string) => void;
}

export interface RefreshResult extends ReadingReport {
  readonly runId: string;
  readonly version: string;
  readonly items: number;
  readonly users: number;
  /**
   * Where item vectors were given: items that have none, and ids of vectors that the catalogue does not have.
   */
  readonly srs?: Pick<SrsEmbeddings, 'itemsWithoutVector' | 'unknownIds'>;
  /** From the command to the version. Trainings side by side take less than the sum of theirs. */
  readonly elapsedSeconds: number;
  /** By stage; 0 where an earlier run had done it. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly how: HowLearnt;
  readonly warmStarts: WarmStarts;
  readonly metrics: Readonly<Record<string, unknown>>;
  /**
   * The language model that read the catalogue and its adapter, as Hugging Face and PEFT folders; absent if
   * it is hosted.
   */
  readonly modelFolder?: string;
  readonly adapterFolder?: string;
  /** How it was tuned, if it was tuned here. */
  readonly tuning?: FineTuned['tuning'];
  /** Where it told its distributions in words. */
  readonly answers?: AnswerCounts;
  /** Where it was asked: how many different texts of items have a vector that another one has too. */
  readonly sharedVectors?: number;
}

/** Another refresh of the store was running, and nothing has been done. */
export interface AlreadyRunning {
  readonly alreadyRunning: true;
  /** Undefined where it has just begun. */
  readonly run: RunningRun | undefined;
}

export async function refresh(options: RefreshOptions): Promise<RefreshResult | AlreadyRunning> {
  // Who did what, and how a recommender sees the items where one is given. Read first: a mistake leaves
  // nothing behind.
  const ingesting = performance.now();
  const skippedRowsFile = await skippedRowsIn(options.folder, options);
  const { experiment, report } = await openExperiment(options, skippedRowsFile);
  const { dataset, split } = experiment;
  const srs = options.srs && (await readSrsEmbeddings(options.srs, dataset.items));
  const languageModel = options.languageModel && (await findExternalModel(options.languageModel, options));
  checkLearnable(split.train);
  const seconds = { ingest: (performance.now() - ingesting) / 1000 };
  const { folder, schema, log } = options;
  const opened = await openToRefresh(options.store, { folder, schema, log });
  if ('running' in opened) return { alreadyRunning: true, run: opened.running };
  try {
    const given = { srs, languageModel };
    const learnt = await learnAndPublish(opened, experiment, given, seconds, options);
    return { ...report, ...learnt, elapsedSeconds: (performance.now() - ingesting) / 1000 };
  } finally {
    await opened.close();
  }
}

async function learnAndPublish(
  refreshing: Refreshing,
  experiment: Experiment,
  given: Given,
  seconds: Record<string, number>,
  options: RefreshOptions,
): Promise<Omit<RefreshResult, keyof ReadingReport | 'elapsedSeconds'>> {
  const { dataset, seed } = experiment;
  const { srs, languageModel } = given;
  const { failpoint, folder } = options;
  const used = new Set<string>();
  const learning = learningIn(folder, experiment, async (report) => {
    const { name, seconds: took, reused, facts } = report;
    used.add(stageName(report));
    seconds[name] ??= reused ? 0 : took; // both fits read what depends on words alone
    await refreshing.finishStage(name, took, facts as Record<string, unknown>);
    failpoint(`after:${name}`);
  });
  checkSamples(learning, given);
  const runId = await refreshing.begin({
    key: runKey(learning, given),
    command: 'refresh',
    options: {
      data: dataset.name,
      preset: options.preset,
      seed,
      srs: srs?.source,
      languageModel: languageModel?.source,
    },
  });
  try {
    failpoint('after:ingest');
    // From behaviour and words to one vector an item; in a night only what changed.
    const version = await learnVersion(learning, given, runId, options.full ?? false);
    const { learnt, warmStarts, metrics, how, last } = version;
    // One version, visible at once or not at all.
    const publishing = performance.now();
    const lineage = await lineageOf(experiment, given, version, options);
    const draft = draftOf(runId, dataset, version, lineage);
    const published = await refreshing.publish(draft, failpoint);
    seconds.publish = (performance.now() - publishing) / 1000;
    keepLastVersion(learning, { version: published, ...last, used: [...used] });
    await pruneWork(learning);
    const { tuned } = learnt;
    return {
      runId,
      version: published,
      items: dataset.items.length,
      users: dataset.userIds.length,
      srs: srs && { itemsWithoutVector: srs.itemsWithoutVector, unknownIds: srs.unknownIds },
      seconds,
      how,
      warmStarts,
      metrics,
      modelFolder: tuned?.modelFolder,
      adapterFolder: tuned?.adapterFolder,
      tuning: tuned?.tuning,
      answers: version.answers,
      sharedVectors: version.sharedVectors,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Where the database is what failed, this fails too; the first error is the one to tell.
    await refreshing
      .fail(reason)
      .catch((second) => options.log.warn({ err: second }, 'the run is not marked as failed'));
    throw error;
  }
}

/** Says what a run computes: an unfinished one of the same key is resumed. */
const runKey = ({ hashes, preset, seed }: Learning, { srs, languageModel }: Given): string =>
  defineStage('refresh', 1, { hashes, preset, seed, srs: srs?.hash, model: languageModel?.source.sha256 })
    .key;

function draftOf(
  runId: string,
  dataset: Dataset,
  { learnt: { categories, inferred, augmented }, encoder, metrics }: LearntVersion,
  lineage: VersionDraft['lineage'],
): VersionDraft {
  return {
    runId,
    items: dataset.items,
    embeddings: augmented.embeddings,
    dimension: augmented.embeddings.length / dataset.items.length,
    itemCategories: categories.categories,
    inferredItemCategories: inferred.itemDistributions,
    categoryCount: categories.categoryCount,
    userIds: dataset.userIds,
    priorPreferences: categories.preferences,
    inferredPreferences: inferred.userDistributions!,
    encoder,
    lineage,
    metrics,
  };
}

/** What a version was made from. */
async function lineageOf(
  { dataset, seed }: Experiment,
  { srs, languageModel }: Given,
  { learnt: { augmented, tuned }, samples, how }: LearntVersion,
  { preset, folder }: Pick<RefreshOptions, 'preset' | 'folder'>,
): Promise<VersionDraft['lineage']> {
  return {
    data: dataset.hash,
    dataset: dataset.name,
    preset,
    seed,
    srs: srs?.source,
    languageModel: languageModel?.source,
    work: samples,
    learnt: how,
    adaptation: await fileIdentity(folder, augmented.adaptationFile),
    adapter:
      tuned && (await fileIdentity(folder, path.join(tuned.adapterFolder, 'adapter_model.safetensors'))),
  };
}

/** Which file, inside the store's folder, and what was in it. */
async function fileIdentity(folder: string, file: string): Promise<{ file: string; sha256: string }> {
  return {
    file: path.relative(folder, file),
    sha256: createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  };
}
