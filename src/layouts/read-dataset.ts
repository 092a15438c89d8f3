// A folder -> a data set, whatever layout it has, and what there is to say about the reading.
import { basename, resolve } from 'node:path';
import type { Dataset } from '../interactions/dataset.ts';
import { hashDataset } from '../interactions/hash-dataset.ts';
import { BadRows, type OnBadRow } from '../tables/bad-rows.ts';
import { findDataFiles } from './data-files.ts';
import { readMovieLens } from './read-movielens.ts';
import { readTslrec } from './read-tslrec.ts';

/** What a job is told about its reading. */
export interface ReadChoices {
  readonly onBadRow: OnBadRow;
  /** Told what there is to say as soon as it is known, before anything is learnt. */
  readonly onRead?: (report: ReadingReport) => void;
}

export interface ReadOptions extends ReadChoices {
  /** With 'skip': receives the rows that were left out, one JSON object a line; empty if there were none. */
  readonly skippedRowsFile?: string;
}

/** What somebody has to know of a reading that went well. */
export interface ReadingReport {
  /**
   * Sentences: which column was read as what, that the file's order was taken, which columns and files were
   * not read.
   */
  readonly notes: readonly string[];
  readonly skippedRows: number;
  /** Where they are, with 'skip'. */
  readonly skippedRowsFile?: string;
  /** Rows that repeat user, item and timestamp of an earlier one; they are left out. */
  readonly duplicateRows: number;
}

export interface ReadResult extends ReadingReport {
  readonly dataset: Dataset;
}

/** Throws 'bad-data' on the first bad row (with 'stop'), and where no item or no interaction is left. */
export async function readDataset(
  folder: string,
  { onBadRow, skippedRowsFile, onRead }: ReadOptions,
): Promise<ReadResult> {
  const files = findDataFiles(folder);
  const badRows = new BadRows(onBadRow, skippedRowsFile);
  try {
    const { catalogue, userIds, sequences, times, duplicateRows, notes } =
      files.layout === 'tslrec' ? await readTslrec(files, badRows) : await readMovieLens(files, badRows);
    badRows.commit();
    const contents = { items: catalogue.items, userIds, sequences, times };
    const dataset = { name: basename(resolve(folder)), ...contents, hash: hashDataset(contents) };
    const report = {
      notes: [...files.notes, ...notes],
      skippedRows: badRows.skipped,
      ...(onBadRow === 'skip' && { skippedRowsFile }),
      duplicateRows,
    };
    onRead?.(report);
    return { dataset, ...report };
  } catch (error) {
    badRows.discard();
    throw error;
  }
}
