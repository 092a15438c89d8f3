// GroupLens' own files, as they are published: MovieLens 100K (u.data, u.item), 1M and 10M (ratings.dat,
// movies.dat); the editions in CSV are in movielens-csv.ts. Any rating counts as an interaction. users.dat
// and the other files of the archives are not needed. 100K and 1M are latin-1, 10M is UTF-8: what is no UTF-8
// is read as latin-1. Formats: README of ml-100k (sections on u.data, u.item, u.genre), of ml-1m and of
// ml-10m, https://files.grouplens.org/datasets/movielens/
import { basename } from 'node:path';
import { Catalogue } from '../interactions/catalogue.ts';
import type { BadRows } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import type { Encoding } from '../tables/lines.ts';
import { isUtf8File } from '../tables/text-bytes.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { readInteractions } from './interaction-rows.ts';
import type { Contents, Layout } from './layout.ts';
import { type ItemRecord, readItems, type SaidOfItem } from './read-items.ts';

// The order of the genre flags in u.item, from u.genre.
const GENRES_100K = (
  "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy " +
  'Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western'
).split(' ');

interface Format {
  readonly name: string;
  readonly ratings: { readonly file: string; readonly separator: string };
  readonly movies: { readonly file: string; readonly separator: string; readonly columns: readonly string[] };
  said(movie: ItemRecord): SaidOfItem;
}

export const movieLens100K = layoutOf({
  name: 'MovieLens 100K',
  ratings: { file: 'u.data', separator: '\t' },
  movies: {
    file: 'u.item',
    separator: '|',
    columns: ['movie', 'title', 'release date', 'video release date', 'URL', ...GENRES_100K],
  },
  said: ({ title, 'release date': release_date, ...movie }) => ({
    title,
    attributes: { genres: GENRES_100K.filter((genre) => movie[genre] === '1'), release_date },
  }),
});

/** What 10M and the CSV editions have in the place of genres. */
const NO_GENRES = '(no genres listed)';

export const saidWithGenres = ({ title, genres }: ItemRecord): SaidOfItem => ({
  title,
  attributes: { ...(genres !== NO_GENRES && { genres: String(genres).split('|') }) },
});

export const movieLens1M = layoutOf({
  name: 'MovieLens 1M or 10M',
  ratings: { file: 'ratings.dat', separator: '::' },
  movies: { file: 'movies.dat', separator: '::', columns: ['movie', 'title', 'genres'] },
  said: saidWithGenres,
});

function layoutOf(format: Format): Layout {
  const { name, ratings, movies } = format;
  const [ratingsForm, moviesForm] = [ratings, movies].map(
    ({ file }) => new RegExp(`^${file.replace('.', '\\.')}$`),
  );
  return {
    name,
    files: `${ratings.file}, ${movies.file}`,
    owns: [ratingsForm, moviesForm],
    find: async (folder) => {
      const [ratingsFile, moviesFile] = [folder.one(ratingsForm), folder.one(moviesForm)];
      if (ratingsFile === undefined || moviesFile === undefined) return undefined;
      const files = { ratings: folder.file(ratingsFile), movies: folder.file(moviesFile) };
      return {
        read: [ratingsFile, moviesFile],
        contents: (filters, badRows) => readMovieLens(format, files, filters, badRows),
      };
    },
  };
}

async function readMovieLens(
  { ratings, movies, said }: Format,
  files: { readonly ratings: string; readonly movies: string },
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const notes: string[] = [];
  const encodingOf = async (path: string): Promise<Encoding> => {
    if (await isUtf8File(path)) return 'utf8';
    notes.push(`${basename(path)} is not UTF-8 throughout: all of it is read as latin-1.`);
    return 'latin1';
  };
  const open = async (
    path: string,
    { separator, columns }: { separator: string; columns: readonly string[] },
  ) => openCsvTable(path, { separator, columns, quotes: false, encoding: await encodingOf(path) }, badRows);

  const catalogue = new Catalogue();
  const movieTable = await open(files.movies, movies);
  await readItems({
    tables: [movieTable],
    id: 'movie',
    said,
    catalogue,
    none: [files.movies, 'no movies', 'one a line; download the file again'],
    uselessRecords: 'bad-row',
    badRows,
  });
  const columns = ['user', 'movie', 'rating', 'timestamp'];
  const { notes: readNotes, ...read } = await readInteractions({
    tables: [await open(files.ratings, { ...ratings, columns })],
    columns: { user: 'user', item: 'movie', time: 'timestamp', rating: 'rating', event: undefined },
    filters,
    catalogue,
    unknownItems: 'bad-row',
    badRows,
  });
  return { catalogue, ...read, notes: [...notes, ...readNotes] };
}
