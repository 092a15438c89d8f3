// Learning without files to read: an experiment on data that are in memory, and what its stages have left.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type Experiment, type Learning, learningIn } from '../../jobs/experiment.ts';
import { PRESETS, type Preset } from '../../jobs/presets.ts';
import type { Work } from '../../jobs/stage.ts';
import type { Dataset, Split } from '../../src/interactions/dataset.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { type Progress, silentProgress } from '../../src/progress.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';

/** No text, no times: for what looks at sequences alone. */
export const dataOf = (sequences: readonly Int32Array[], itemCount: number): Dataset => ({
  name: 'planted',
  items: Array.from({ length: itemCount }, (_, item) => ({ itemId: `item ${item}`, attributes: {} })),
  userIds: Array.from(sequences, (_, user) => `user ${String(user).padStart(6, '0')}`),
  sequences,
  times: sequences.map((sequence) => Float64Array.from(sequence.keys())),
  hash: 'planted',
});

export interface LearningOptions {
  readonly split?: Split;
  readonly preset?: Preset;
  readonly seed?: number;
  readonly progress?: Progress;
  readonly onStage?: Work['onStage'];
}

export const experimentOn = (
  dataset: Dataset,
  {
    split = leaveOneOut(dataset.sequences),
    preset = PRESETS.quick,
    seed = 1,
    progress = silentProgress,
  }: LearningOptions = {},
): Experiment => ({
  dataset,
  split,
  profile: profileOf(dataset, split),
  preset,
  seed,
  progress,
});

export const learningOn = (folder: string, dataset: Dataset, options: LearningOptions = {}): Learning =>
  learningIn(folder, experimentOn(dataset, options), options.onStage);

const KEY = /-[0-9a-f]{16}$/;

/** The folders of the stages in a store's folder, by name; those of one name as the keys sort. */
export function stagesIn(store: string): [name: string, folder: string][] {
  const work = path.join(store, 'work');
  return (existsSync(work) ? readdirSync(work) : [])
    .filter((name) => KEY.test(name))
    .sort()
    .map((name) => [name.replace(KEY, ''), path.join(work, name)]);
}

export const stageNames = (store: string): string[] => stagesIn(store).map(([name]) => name);

/** The folder of a stage of which there is one. */
export function stageIn(store: string, name: string): string {
  const found = stagesIn(store).filter(([stage]) => stage === name);
  if (found.length !== 1) throw new Error(`${found.length} stages ${name} in ${store}`);
  return found[0][1];
}

export const outputOf = (store: string, name: string): string =>
  path.join(stageIn(store, name), 'output.safetensors');
