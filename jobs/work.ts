// Where a piece of work keeps its stages, and what happens when one of them is done.
import path from 'node:path';
import type { Dataset, Split } from '../src/interactions/dataset.ts';
import { hashSplit } from '../src/interactions/hash-dataset.ts';
import type { Progress } from '../src/progress.ts';
import { keepStoreFolderPrivate, SKIPPED_ROWS } from '../src/storage/store-folder.ts';
import type { OnBadRow } from '../src/tables/bad-rows.ts';
import { checkReplaceable, prepareFolder } from './outputs/output-file.ts';
import { isOwnSkippedRows } from './outputs/own-outputs.ts';
import { type Preset, samplesKey, workKey } from './presets.ts';
import type { StageContext } from './stage.ts';

/** The file for rows that are skipped, where it is tslrec's to replace. */
export async function skippedRowsIn(
  folder: string,
  { onBadRow, force }: { readonly onBadRow: OnBadRow; readonly force?: boolean },
): Promise<string> {
  const file = path.join(folder, SKIPPED_ROWS);
  if (onBadRow === 'skip') await checkReplaceable([{ file, isOwn: isOwnSkippedRows }], force);
  return file;
}

export interface WorkOptions {
  /** The store's folder. */
  readonly folder: string;
  readonly dataset: Dataset;
  readonly split: Split;
  readonly preset: Preset;
  readonly seed: number;
  /** Which item vectors take the place of the built-in pre-training, if any do. */
  readonly srsHash?: string;
  readonly progress: Progress;
  readonly onStage: StageContext['onStage'];
}

export interface Work extends StageContext {
  readonly key: string;
  readonly samplesKey: string;
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
}: WorkOptions): Work {
  const input = { datasetHash: dataset.hash, splitHash: hashSplit(split), preset, seed, srsHash };
  const key = workKey(input);
  const workFolder = path.join(folder, 'work', key);
  keepStoreFolderPrivate(folder);
  prepareFolder(workFolder);
  return { key, samplesKey: samplesKey(input), folder: workFolder, progress, seed, onStage };
}

/** Ends the process as a crash would, when it was started with this failpoint's name. */
export function createFailpoint(name: string | undefined): (reached: string) => void {
  return (reached) => {
    if (reached === name) process.kill(process.pid, 'SIGKILL');
  };
}
