// What a flow works on, opened once: the data and how they are split, how much is spent, and where what is
// learnt is kept.
import path from 'node:path';
import type { Dataset, Split, SplitName } from '../src/interactions/dataset.ts';
import { hashItems, hashSequences, hashSplit, hashUsers } from '../src/interactions/hash-dataset.ts';
import { splitDataset } from '../src/interactions/split.ts';
import { type ReadChoices, type ReadingReport, readDataset } from '../src/layouts/read-dataset.ts';
import type { Progress } from '../src/progress.ts';
import { type DataProfile, profileOf } from '../src/recommenders/data-profile.ts';
import { type ProfiledSequenceModel, sasrecModel } from '../src/recommenders/models.ts';

import { keepStoreFolderPrivate, SKIPPED_ROWS } from '../src/storage/store-folder.ts';
import { checkReplaceable, prepareFolder } from './outputs/output-file.ts';
import { isOwnSkippedRows } from './outputs/own-outputs.ts';
import { PRESETS, type Preset, type PresetName } from './presets.ts';
import type { Work } from './stage.ts';

export interface ExperimentOptions extends ReadChoices {
  readonly data: string;
  readonly preset: PresetName;
  readonly seed: number;
  /** What is held out; each user's last two items where it is left out. */
  readonly split?: SplitName;
  /** L of the recommenders that are compared; read off the data where it is left out. */
  readonly length?: number;
  readonly progress: Progress;
}

export interface Experiment {
  readonly dataset: Dataset;
  readonly split: Split;
  readonly profile: DataProfile;
  readonly preset: Preset;
  readonly seed: number;
  readonly progress: Progress;
}

/** Reads the data, and tells how; rows that are skipped go to `skippedRowsFile`. */
export async function openExperiment(
  options: ExperimentOptions,
  skippedRowsFile: string,
): Promise<{ readonly experiment: Experiment; readonly report: ReadingReport }> {
  const { dataset, ...report } = await readDataset(options.data, { ...options, skippedRowsFile });
  const split = splitDataset(options.split ?? 'leave-one-out', dataset);
  const { seed, progress } = options;
  const profile = profileOf(dataset, split, options.length);
  return { experiment: { dataset, split, profile, preset: PRESETS[options.preset], seed, progress }, report };
}

/** An experiment whose stages are kept. */
export interface Learning extends Experiment, Work {
  /** The SASRec that item vectors are learnt with. */
  readonly backbone: ProfiledSequenceModel;
  /** What stages depend on of the data. */
  readonly hashes: { readonly items: string; readonly users: string; readonly split: string };
  readonly lesson: Lesson;
}

/** What is learnt from. */
export interface Lesson {
  /** Behind the names of stages, for people: nothing in the fit that is measured on what it holds out. */
  readonly suffix: '' | '-all' | '-night';
  /** Of the sequences. */
  readonly key: string;
  /** What is known of each user, oldest first. */
  readonly sequences: readonly Int32Array[];
  /** What trainings step through: all of that, or in a night what is new and some of the rest. */
  readonly practised: readonly Int32Array[];
}

/** Keeps the stages in the store's folder: killed, repeated and compared work shares what is finished. */
export function learningIn(
  folder: string,
  experiment: Experiment,
  onStage: Work['onStage'] = async () => {},
): Learning {
  const { dataset, split, preset } = experiment;
  const work = workFolder(folder);
  keepStoreFolderPrivate(folder);
  prepareFolder(work);
  const { length, ...profile } = profileOf(dataset, split);
  const splitHash = hashSplit(split, dataset.items.length);
  return {
    ...experiment,
    folder: work,
    onStage,
    backbone: sasrecModel({ ...profile, length: Math.min(preset.longestHistory, length) }, preset.width),
    hashes: {
      items: hashItems(dataset.items),
      users: hashUsers(dataset.userIds),
      split: splitHash,
    },
    lesson: { suffix: '', key: splitHash, sequences: split.train, practised: split.train },
  };
}

/** The same, with nothing held out. */
export function learningOnAll(learning: Learning): Learning {
  const { items, sequences } = learning.dataset;
  const key = hashSequences(sequences, items.length);
  return { ...learning, lesson: { suffix: '-all', key, sequences, practised: sequences } };
}

export const workFolder = (folder: string): string => path.join(folder, 'work');

/** The file for rows that are skipped, where it is tslrec's to replace. */
export async function skippedRowsIn(
  folder: string,
  { onBadRow, force }: Pick<ReadChoices, 'onBadRow'> & { readonly force?: boolean },
): Promise<string> {
  const file = path.join(folder, SKIPPED_ROWS);
  if (onBadRow === 'skip') await checkReplaceable([{ file, isOwn: isOwnSkippedRows }], force);
  return file;
}
