// GroupLens' own files, as they are published: MovieLens 100K (u.data, u.item) and 1M (ratings.dat,
// movies.dat). Any rating counts as an interaction. users.dat and the other files of the archives are not
// needed. Formats: README of ml-100k (sections on u.data, u.item, u.genre) and of ml-1m,
// https://files.grouplens.org/datasets/movielens/
import { basename } from 'node:path';
import { type BadRows, shown } from './bad-rows.ts';
import { Catalogue, idProblem } from './catalogue.ts';
import type { Item } from './dataset.ts';
import { type RowLayout, readInteractions, type Sequences } from './interaction-rows.ts';
import { forEachLine } from './lines.ts';

// The order of the genre flags in u.item, from u.genre.
const GENRES_100K = (
  "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy " +
  'Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western'
).split(' ');

// user, item, rating, timestamp
const ratings = (separator: string): RowLayout => ({
  columnCount: 4,
  userId: 0,
  itemId: 1,
  timestamp: 3,
  separator,
  cut: (text) => text.split(separator),
});

interface MovieFormat {
  readonly ratings: RowLayout;
  readonly movieSeparator: string;
  readonly movieColumnCount: number;
  toItem(fields: string[]): Item;
}

const ML_100K: MovieFormat = {
  ratings: ratings('\t'),
  movieSeparator: '|',
  // id, title, release date, video release date, URL, then the flags
  movieColumnCount: 5 + GENRES_100K.length,
  toItem: ([itemId, title, releaseDate, , , ...flags]) => ({
    itemId,
    ...(title && { title }),
    attributes: {
      genres: GENRES_100K.filter((_, genre) => flags[genre] === '1'),
      ...(releaseDate && { release_date: releaseDate }),
    },
  }),
};

const ML_1M: MovieFormat = {
  ratings: ratings('::'),
  movieSeparator: '::',
  movieColumnCount: 3,
  toItem: ([itemId, title, genres]) => ({
    itemId,
    ...(title && { title }),
    attributes: { genres: genres.split('|') },
  }),
};

type Files = { items: string; interactions: string };

export const readMovieLens100K = (files: Files, badRows: BadRows) => readMovieLens(ML_100K, files, badRows);
export const readMovieLens1M = (files: Files, badRows: BadRows) => readMovieLens(ML_1M, files, badRows);

async function readMovieLens(
  format: MovieFormat,
  files: Files,
  badRows: BadRows,
): Promise<Sequences & { catalogue: Catalogue }> {
  const catalogue = new Catalogue();
  const file = basename(files.items);
  await forEachLine(files.items, 'latin1', (raw, line) => {
    const report = (got: string, expected: string) =>
      badRows.report({ file, line, column: 1, got, expected, raw });
    const fields = raw.split(format.movieSeparator);
    if (fields.length !== format.movieColumnCount)
      return report(`${fields.length} columns`, `${format.movieColumnCount}`);
    const item = format.toItem(fields);
    const problem = idProblem(item.itemId);
    if (problem !== undefined) return report(problem, "the item's id");
    if (!catalogue.add(item)) report(`item ${shown(item.itemId)} again`, 'each item once');
  });
  const sequences = await readInteractions({
    path: files.interactions,
    encoding: 'latin1',
    layout: format.ratings,
    catalogue,
    catalogueIsGiven: true,
    badRows,
  });
  return { catalogue, ...sequences };
}
