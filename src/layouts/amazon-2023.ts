// Amazon's reviews in the edition of 2023: NAME.jsonl, a review a line; or ratings alone in CSV, NAME.csv or
// the parts of a split (NAME.train.csv, NAME.valid.csv, NAME.test.csv), whose column `history` repeats other
// rows and is not read; each with meta_NAME.jsonl or without. An item is a parent_asin; each asin is a
// variant of one. Any file may have such a name: the first lines tell. What is read of an item stands in
// amazon.ts.
// Format: https://amazon-reviews-2023.github.io/
import { TslrecError } from '../errors.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import { openJsonTable } from '../tables/json-table.ts';
import { hasKeys, type Metadata, readAmazon } from './amazon.ts';
import { noteOnRead } from './column-notes.ts';
import { hasColumns } from './csv-header.ts';
import type { Folder } from './folder.ts';
import type { InteractionColumns } from './interaction-rows.ts';
import type { Layout } from './layout.ts';
import { readableLines } from './readable-lines.ts';
import { oneOrSplit } from './split-parts.ts';

const METADATA = /^meta_.+\.jsonl$/;
const REVIEWS = /^(?!meta_)[^.].*\.jsonl$/;
const RATINGS = /^[^.].*\.csv$/;

const COLUMNS: InteractionColumns = {
  user: 'user_id',
  item: 'parent_asin',
  time: 'timestamp',
  rating: 'rating',
  event: undefined,
};
const KEYS = [COLUMNS.user, COLUMNS.item, 'timestamp', 'rating'];

const ATTRIBUTES: Metadata['attributes'] = {
  store: ['store'],
  main_category: ['main_category'],
  categories: ['categories'],
  features: ['features'],
  price: ['price'],
};

export const amazon2023: Layout = {
  name: 'Amazon reviews 2023',
  files: 'NAME.jsonl or NAME.csv and, where known, meta_NAME.jsonl',
  owns: [METADATA],
  find: async (folder) => {
    const reviews = await reviewFiles(folder);
    const ratings = oneOrSplit(folder, await ratingFiles(folder), '.csv');
    if (reviews.length + ratings.length === 0) return undefined;
    if (reviews.length > 1 || (reviews.length > 0 && ratings.length > 0))
      folder.refuse(
        `both ${[...reviews, ...ratings].slice(0, 2).join(' and ')}, which have reviews of Amazon's`,
        'one; keep the one that is meant',
      );
    const interactions = [...reviews, ...ratings];
    const meta = folder.one(METADATA);
    const metadata =
      meta === undefined ? undefined : { path: folder.file(meta), id: COLUMNS.item, attributes: ATTRIBUTES };
    return {
      read: meta === undefined ? interactions : [...interactions, meta],
      notes: [
        noteOnRead(interactions[0], COLUMNS),
        ...(meta === undefined
          ? [`There is no meta_NAME.jsonl: items are known by the ids in ${interactions[0]}, without text.`]
          : []),
      ],
      contents: async (filters, badRows) => {
        const open = (path: string) =>
          reviews.length > 0 ? openJsonTable(path, badRows) : openCsvTable(path, { expected: KEYS }, badRows);
        const tables = await Promise.all(interactions.map((name) => open(folder.file(name))));
        return readAmazon({ reviews: tables, columns: COLUMNS, metadata }, filters, badRows);
      },
    };
  },
};

async function reviewFiles(folder: Folder): Promise<string[]> {
  const found: string[] = [];
  for (const name of folder.all(REVIEWS))
    if ((await readableLines(folder.file(name))).some((line) => hasKeys(line, KEYS))) found.push(name);
  return found;
}

async function ratingFiles(folder: Folder): Promise<string[]> {
  const found: string[] = [];
  for (const name of folder.all(RATINGS)) {
    try {
      if (await hasColumns(folder.file(name), KEYS)) found.push(name);
    } catch (error) {
      if (!(error instanceof TslrecError)) throw error; // no text: not one of these
    }
  }
  return found;
}
