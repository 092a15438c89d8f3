// A folder, or a database -> a data set, whatever layout it has, and what there is to say about the reading.
import { basename, resolve } from 'node:path';
import { TslrecError } from '../errors.ts';
import type { Dataset } from '../interactions/dataset.ts';
import { hashDataset } from '../interactions/hash-dataset.ts';
import type { Progress } from '../progress.ts';
import { isPostgres, shownLocation } from '../storage/location.ts';
import { BadRows, type OnBadRow } from '../tables/bad-rows.ts';
import { ACCEPTED, findLayout } from './find-layout.ts';
import { Folder } from './folder.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { NO_INTERACTIONS } from './interaction-rows.ts';
import type { Found } from './layout.ts';
import { type Mapping, mappingIn, readMapping } from './mapping.ts';
import { databaseName, QUERY_OPTIONS, type QueryChoices, readQueried } from './queried.ts';
import { followed } from './reading-progress.ts';

/** What a job is told about its reading. */
export interface ReadChoices extends FilterChoices, Mapping, QueryChoices {
  readonly onBadRow: OnBadRow;
  /** Told what there is to say as soon as it is known, before anything is learnt. */
  readonly onRead?: (report: ReadingReport) => void;
  readonly progress?: Progress;
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
  /** Whether the interactions have a time; else their order stands for it. */
  readonly timed: boolean;
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

/**
 * `data`: a folder, or the URL of a Postgres with queries. Throws 'bad-data' on the first bad row (with
 * 'stop'), and where no item or no interaction is left.
 */
export async function readDataset(data: string, options: ReadOptions): Promise<ReadResult> {
  const { onBadRow, skippedRowsFile, onRead, minRating, events } = options;
  const source = isPostgres(data) ? queriedSource(data, options) : await folderSource(data, options);
  const badRows = new BadRows(onBadRow, skippedRowsFile);
  try {
    const read = await followed(source.files, options.progress, () =>
      source.contents({ minRating, events }, badRows),
    );
    const { userIds, sequences, times, timed, duplicateRows, filteredRows } = read;
    if (userIds.length === 0) badRows.refuseEmpty(source.interactions, ...noInteractions(filteredRows));
    badRows.commit();
    const found = { items: read.catalogue.items, userIds, sequences, times };
    const dataset = { name: source.name, ...found, hash: hashDataset(found) };
    const report: ReadingReport = {
      layout: source.layout,
      notes: [...source.notes, ...read.notes],
      timed,
      skippedRows: badRows.skipped,
      ...(onBadRow === 'skip' && { skippedRowsFile }),
      duplicateRows,
      filteredRows,
    };
    onRead?.(report);
    return { dataset, ...report };
  } catch (error) {
    badRows.discard();
    throw error;
  }
}

/** Where data come from. */
interface Source extends Pick<Found, 'contents'> {
  /** For people. */
  readonly name: string;
  readonly layout: string;
  readonly notes: readonly string[];
  /** What the interactions are read from, for messages. */
  readonly interactions: string;
  /** Paths, none of a database. */
  readonly files: readonly string[];
}

async function folderSource(path: string, choices: ReadChoices): Promise<Source> {
  const given = Object.entries(QUERY_OPTIONS).find(
    ([key]) => choices[key as keyof QueryChoices] !== undefined,
  );
  if (given)
    throw new TslrecError(
      'bad-request',
      `${given[1]} goes with --data postgres://user:password@host:5432/name, got ${shownLocation(path)}.`,
    );
  const folder = new Folder(path, ACCEPTED);
  const [remembered, said] = [await readMapping(path), mappingIn(choices)];
  const mapping = said || remembered ? { ...remembered, ...said } : undefined;
  const { read, ...found } = await findLayout(folder, mapping);
  return {
    ...found,
    name: basename(resolve(path)),
    interactions: folder.file(read[0]),
    files: read.map((name) => folder.file(name)),
  };
}

const queriedSource = (url: string, choices: ReadChoices): Source => ({
  name: databaseName(url),
  layout: 'queries',
  notes: [],
  interactions: QUERY_OPTIONS.interactionsQuery,
  files: [],
  contents: (filters, badRows) => readQueried(url, choices, mappingIn(choices), filters, badRows),
});

const noInteractions = (filteredRows: number): readonly [got: string, expected: string] =>
  filteredRows === 0
    ? NO_INTERACTIONS
    : [
        `${filteredRows} rows and no interaction among them`,
        'some to learn from; choose others with --min-rating and --events',
      ];
