// GroupLens' own files, as they are published: MovieLens 100K (u.data, u.item), 1M and 10M (ratings.dat,
// movies.dat). Any rating counts as an interaction. users.dat and the other files of the archives are not
// needed. 100K and 1M are latin-1, 10M is UTF-8: what is no UTF-8 is read as latin-1. Formats: README of
// ml-100k (sections on u.data, u.item, u.genre), of ml-1m and of ml-10m,
// https://files.grouplens.org/datasets/movielens/
import { basename } from 'node:path';
import { Catalogue, idProblem } from '../interactions/catalogue.ts';
import type { Item } from '../interactions/dataset.ts';
import { type BadRows, shown } from '../tables/bad-rows.ts';
import { type Encoding, forEachLine } from '../tables/lines.ts';
import { isUtf8File } from '../tables/text-bytes.ts';
import type { MovieLensName } from './data-files.ts';
import { type RowLayout, readInteractions, type Sequences } from './interaction-rows.ts';

// The order of the genre flags in u.item, from u.genre.
const GENRES_100K = (
  "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy " +
  'Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western'
).split(' ');

const ratings = (separator: string): RowLayout => ({
  columns: ['user', 'movie', 'rating', 'timestamp'],
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

/** What 10M has in the place of genres. */
const NO_GENRES = '(no genres listed)';

const ML_1M_OR_10M: MovieFormat = {
  ratings: ratings('::'),
  movieSeparator: '::',
  movieColumnCount: 3,
  toItem: ([itemId, title, genres]) => ({
    itemId,
    ...(title && { title }),
    attributes: { ...(genres !== NO_GENRES && { genres: genres.split('|') }) },
  }),
};

const FORMATS: Readonly<Record<MovieLensName, MovieFormat>> = {
  'MovieLens 100K': ML_100K,
  'MovieLens 1M or 10M': ML_1M_OR_10M,
};

export async function readMovieLens(
  files: { layout: MovieLensName; items: string; interactions: string },
  badRows: BadRows,
): Promise<Sequences & { catalogue: Catalogue; notes: readonly string[] }> {
  const format = FORMATS[files.layout];
  const notes: string[] = [];
  const encodingOf = async (path: string): Promise<Encoding> => {
    if (await isUtf8File(path)) return 'utf8';
    notes.push(`${basename(path)} is not UTF-8 throughout: all of it is read as latin-1.`);
    return 'latin1';
  };
  const catalogue = new Catalogue();
  const file = basename(files.items);
  const onLine = (raw: string, line: number) => {
    const report = (got: string, expected: string) =>
      badRows.report({ file, line, column: 1, got, expected, raw });
    const fields = raw.split(format.movieSeparator);
    if (fields.length !== format.movieColumnCount)
      return report(`${fields.length} columns`, `${format.movieColumnCount}`);
    const item = format.toItem([fields[0].trim(), ...fields.slice(1)]);
    const problem = idProblem(item.itemId);
    if (problem !== undefined) return report(problem, "the item's id");
    if (!catalogue.add(item)) report(`item ${shown(item.itemId)} again`, 'each item once');
  };
  await forEachLine(files.items, onLine, await encodingOf(files.items));
  if (catalogue.items.length === 0)
    badRows.refuseEmpty(files.items, 'no movies', 'one a line; download the file again');
  const sequences = await readInteractions({
    path: files.interactions,
    encoding: await encodingOf(files.interactions),
    layout: format.ratings,
    catalogue,
    catalogueIsGiven: true,
    badRows,
  });
  return { catalogue, notes, ...sequences };
}
