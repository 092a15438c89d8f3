// Amazon's reviews in the editions of 2018 and 2014: NAME.json or NAME_5.json (2014: reviews_NAME.json), a
// review a line; or ratings alone, NAME.csv without a header (2018: item, user, rating, time; 2014: user,
// item, rating, time); each with meta_NAME.json or without. Any file may have such a name: the first lines
// tell. What is read of an item stands in amazon.ts.
// Formats: https://nijianmo.github.io/amazon/ and https://jmcauley.ucsd.edu/data/amazon/
import type { BadRows } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import { openJsonTable } from '../tables/json-table.ts';
import type { Table } from '../tables/table.ts';
import { hasKeys, type Metadata, readAmazon } from './amazon.ts';
import { noteOnRead } from './column-notes.ts';
import type { Folder } from './folder.ts';
import type { InteractionColumns } from './interaction-rows.ts';
import type { Layout } from './layout.ts';
import { readableLines } from './readable-lines.ts';

const METADATA = /^meta_.+\.json$/;
const REVIEWS = /^(?!meta_)[^.].*\.json$/;
const RATINGS = /^[^.].*\.csv$/;

const REVIEW_COLUMNS: InteractionColumns = {
  user: 'reviewerID',
  item: 'asin',
  time: 'unixReviewTime',
  rating: 'overall',
  event: undefined,
};
const REVIEW_KEYS = ['reviewerID', 'asin', 'unixReviewTime'];
const RATING_COLUMNS = { user: 'user', item: 'item', time: 'time', rating: 'rating', event: undefined };

const [ITEM, USER, RATING_AND_TIME] = ['[A-Z\\d]{10}', 'A[A-Z\\d]{7,24}', '[1-5](\\.0)?,\\d{8,10}'];
/** By the order of the columns what a line of ratings looks like. */
const RATING_LINES = [
  { columns: ['item', 'user', 'rating', 'time'], line: new RegExp(`^${ITEM},${USER},${RATING_AND_TIME}$`) },
  { columns: ['user', 'item', 'rating', 'time'], line: new RegExp(`^${USER},${ITEM},${RATING_AND_TIME}$`) },
];

const ATTRIBUTES: Metadata['attributes'] = {
  brand: ['brand'],
  main_category: ['main_cat'],
  categories: ['category', 'categories'],
  features: ['feature'],
  price: ['price'],
};

export const amazon2018: Layout = {
  name: 'Amazon reviews 2018 or 2014',
  files: 'NAME.json or NAME.csv and, where known, meta_NAME.json',
  owns: [METADATA],
  find: async (folder) => {
    const [reviews, ...others] = await recognised(folder);
    if (reviews === undefined) return undefined;
    if (others.length > 0)
      folder.refuse(
        `both ${reviews.name} and ${others[0].name}, which have reviews of Amazon's`,
        'one; keep the one that is meant',
      );
    const meta = folder.one(METADATA);
    const metadata =
      meta === undefined ? undefined : { path: folder.file(meta), id: 'asin', attributes: ATTRIBUTES };
    const { name, columns, note } = reviews;
    return {
      read: meta === undefined ? [name] : [name, meta],
      notes: [
        note,
        ...(meta === undefined
          ? [`There is no meta_NAME.json: items are known by the ids in ${name}, without text.`]
          : []),
      ],
      contents: async (filters, badRows) =>
        readAmazon({ reviews: [await reviews.open(badRows)], columns, metadata }, filters, badRows),
    };
  },
};

interface Reviews {
  readonly name: string;
  readonly columns: InteractionColumns;
  /** A sentence, for people. */
  readonly note: string;
  open(badRows: BadRows): Promise<Table>;
}

async function recognised(folder: Folder): Promise<Reviews[]> {
  const found: Reviews[] = [];
  for (const name of folder.all(REVIEWS)) {
    const path = folder.file(name);
    if ((await readableLines(path)).some((line) => hasKeys(line, REVIEW_KEYS)))
      found.push({
        name,
        columns: REVIEW_COLUMNS,
        note: noteOnRead(name, REVIEW_COLUMNS),
        open: (badRows) => openJsonTable(path, badRows),
      });
  }
  for (const name of folder.all(RATINGS)) {
    const path = folder.file(name);
    const rows = await readableLines(path);
    const form = RATING_LINES.find(({ line }) => rows.length > 0 && rows.every((row) => line.test(row)));
    if (form === undefined) continue;
    const { columns } = form;
    found.push({
      name,
      columns: RATING_COLUMNS,
      note: `${name} has no header: its columns are read as ${columns.join(', ')}.`,
      open: (badRows) => openCsvTable(path, { separator: ',', columns }, badRows),
    });
  }
  return found;
}
