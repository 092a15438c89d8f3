// Where a piece of work keeps its stages, and what happens when one of them is done.
import path from 'node:path';
import type { Dataset, SplitName } from '../src/interactions/dataset.ts';
import type { Progress } from '../src/progress.ts';
import { type Preset, workKey } from './presets.ts';
import type { StageContext } from './stage.ts';

/** Rows that `--on-bad-row=skip` left out, in the store's folder. */
export const SKIPPED_ROWS = 'skipped-rows.jsonl';

export interface WorkOptions {
  /** The store's folder. */
  readonly folder: string;
  readonly dataset: Dataset;
  readonly split: SplitName;
  readonly preset: Preset;
  readonly seed: number;
  /** Which item vectors take the place of the built-in pre-training, if any do. */
  readonly srsHash?: string;
  readonly progress: Progress;
  readonly onStage: StageContext['onStage'];
}

/** The same of all these has the same folder: killed, repeated and evaluated work shares what is finished. */
export function openWork({
  folder,
  dataset,
  split,
  preset,
  seed,
  srsHash,
  progress,
  onStage,
}: WorkOptions): StageContext & { key: string } {
  const key = workKey(dataset.hash, split, preset, seed, srsHash);
  return { key, folder: path.join(folder, 'work', key), progress, seed, onStage };
}

/** Ends the process as a crash would, when it was started with this failpoint's name. */
export function createFailpoint(name: string | undefined): (reached: string) => void {
  return (reached) => {
    if (reached === name) process.kill(process.pid, 'SIGKILL');
  };
}
