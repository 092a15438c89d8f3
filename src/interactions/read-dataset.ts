// A folder -> a data set. Which format it is follows from the names of the files, each of them plain or gzip.
import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { TslrecError } from '../errors.ts';
import { BadRows, type OnBadRow } from './bad-rows.ts';
import type { Catalogue } from './catalogue.ts';
import type { Dataset } from './dataset.ts';
import { hashDataset } from './hash-dataset.ts';
import type { Sequences } from './interaction-rows.ts';
import { readMovieLens1M, readMovieLens100K } from './read-movielens.ts';
import { readTslrec } from './read-tslrec.ts';

export interface ReadOptions {
  readonly onBadRow: OnBadRow;
  /** With 'skip': receives the rows that were left out, one JSON object a line; empty if there were none. */
  readonly skippedRowsFile?: string;
}

export interface ReadResult {
  readonly dataset: Dataset;
  readonly skippedRows: number;
  /** Rows that repeat user, item and timestamp of an earlier one; they are left out. */
  readonly duplicateRows: number;
}

const ACCEPTED =
  'items.jsonl and interactions.csv (or interactions.csv alone), MovieLens 100K (u.data, u.item) or ' +
  'MovieLens 1M (ratings.dat, movies.dat), each file plain or .gz';
const SHOWN_FILES = 5;

/** Throws 'bad-data' on the first bad row (with 'stop'), and where no item or no interaction is left. */
export async function readDataset(
  folder: string,
  { onBadRow, skippedRowsFile }: ReadOptions,
): Promise<ReadResult> {
  const read = chooseReader(folder);
  const badRows = new BadRows(onBadRow, skippedRowsFile);
  try {
    const { catalogue, userIds, sequences, times, duplicateRows } = await read(badRows);
    const { skipped } = badRows;
    const because = skipped === 0 ? '' : ` (bad rows skipped: ${skipped})`;
    if (catalogue.items.length === 0)
      throw new TslrecError(
        'bad-data',
        `${folder} has no items${because}, expected at least one; give each a row or line with its id`,
      );
    if (userIds.length === 0)
      throw new TslrecError(
        'bad-data',
        `${folder} has no interactions${because}, expected some to learn from; give each a row with user, ` +
          'item and time',
      );
    badRows.commit();
    const contents = { items: catalogue.items, userIds, sequences, times };
    const dataset = { name: basename(resolve(folder)), ...contents, hash: hashDataset(contents) };
    return { dataset, skippedRows: skipped, duplicateRows };
  } catch (error) {
    badRows.discard();
    throw error;
  }
}

type Reader = (badRows: BadRows) => Promise<Sequences & { catalogue: Catalogue }>;

function chooseReader(folder: string): Reader {
  const names = listFiles(folder);
  const find = (name: string): string | undefined => {
    const found = [name, `${name}.gz`].filter((candidate) => names.includes(candidate));
    if (found.length > 1)
      throw new TslrecError(
        'bad-data',
        `${folder} has both ${name} and ${name}.gz; keep the one that is meant`,
      );
    return found[0] && join(folder, found[0]);
  };

  const interactions = find('interactions.csv');
  const items = find('items.jsonl');
  if (interactions) return (badRows) => readTslrec({ interactions, ...(items && { items }) }, badRows);
  const data = find('u.data');
  const movies100K = find('u.item');
  if (data && movies100K)
    return (badRows) => readMovieLens100K({ items: movies100K, interactions: data }, badRows);
  const ratings = find('ratings.dat');
  const movies1M = find('movies.dat');
  if (ratings && movies1M)
    return (badRows) => readMovieLens1M({ items: movies1M, interactions: ratings }, badRows);

  const others = names.length > SHOWN_FILES ? ` and ${names.length - SHOWN_FILES} more` : '';
  const got = names.length === 0 ? 'nothing' : `${names.slice(0, SHOWN_FILES).join(', ')}${others}`;
  throw new TslrecError('bad-data', `${folder}: got ${got}, expected ${ACCEPTED}`);
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new TslrecError(
      'not-found',
      `${folder} is not a folder that can be read; expected one with ${ACCEPTED}`,
      {
        cause: error,
      },
    );
  }
}
