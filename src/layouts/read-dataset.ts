// A folder -> a data set, whatever layout it has, and what there is to say about the reading.
import { basename, resolve } from 'node:path';
import type { Dataset } from '../interactions/dataset.ts';
import { hashDataset } from '../interactions/hash-dataset.ts';
import { BadRows, type OnBadRow } from '../tables/bad-rows.ts';
import { ACCEPTED, findLayout } from './find-layout.ts';
import { Folder } from './folder.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { NO_INTERACTIONS } from './interaction-rows.ts';
import { type Mapping, mappingIn, readMapping } from './mapping.ts';

/** What a job is told about its reading. */
export interface ReadChoices extends FilterChoices, Mapping {
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
  /** Which layout the data have. */
  readonly layout: string;
  /**
   * Sentences: which column was read as what, that the file's order was taken, which columns and files were
   * not read.
   */
  readonly notes: readonly string[];
  readonly skippedRows: number;
  /** Where they are, with 'skip'. */
  readonly skippedRowsFile?: string;
  /** Rows that repeat user, item and time of an earlier one; they are left out. */
  readonly duplicateRows: number;
  /** Rows that are no interactions by --min-rating or --events. */
  readonly filteredRows: number;
}

export interface ReadResult extends ReadingReport {
  readonly dataset: Dataset;
}

/** Throws 'bad-data' on the first bad row (with 'stop'), and where no item or no interaction is left. */
export async function readDataset(
  path: string,
  { onBadRow, skippedRowsFile, onRead, minRating, events, ...choices }: ReadOptions,
): Promise<ReadResult> {
  const folder = new Folder(path, ACCEPTED);
  const [remembered, said] = [readMapping(path), mappingIn(choices)];
  const mapping = said || remembered ? { ...remembered, ...said } : undefined;
  const { layout, read, notes, contents } = await findLayout(folder, mapping);
  const badRows = new BadRows(onBadRow, skippedRowsFile);
  try {
    const { catalogue, userIds, sequences, times, ...told } = await contents({ minRating, events }, badRows);
    if (userIds.length === 0) badRows.refuseEmpty(folder.file(read[0]), ...noInteractions(told.filteredRows));
    badRows.commit();
    const found = { items: catalogue.items, userIds, sequences, times };
    const dataset = { name: basename(resolve(path)), ...found, hash: hashDataset(found) };
    const report: ReadingReport = {
      layout,
      notes: [...notes, ...told.notes],
      skippedRows: badRows.skipped,
      ...(onBadRow === 'skip' && { skippedRowsFile }),
      duplicateRows: told.duplicateRows,
      filteredRows: told.filteredRows,
    };
    onRead?.(report);
    return { dataset, ...report };
  } catch (error) {
    badRows.discard();
    throw error;
  }
}

const noInteractions = (filteredRows: number): readonly [got: string, expected: string] =>
  filteredRows === 0
    ? NO_INTERACTIONS
    : [
        `${filteredRows} rows and no interaction among them`,
        'some to learn from; choose others with --min-rating and --events',
      ];
