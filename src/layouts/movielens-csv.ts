// MovieLens in CSV: latest, latest-small, 20M, 25M and 32M (ratings.csv, movies.csv), UTF-8, with a header
// and titles in quotation marks where they have commas. Any rating counts as an interaction. tags.csv,
// links.csv and genome-*.csv are not read. ratings.csv and movies.csv are names that others have, too: the
// headers tell.
// Format: README of ml-20m, ml-25m, ml-32m, https://files.grouplens.org/datasets/movielens/
import { Catalogue } from '../interactions/catalogue.ts';
import type { BadRows } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import { hasColumns } from './csv-header.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { readInteractions } from './interaction-rows.ts';
import type { Contents, Layout } from './layout.ts';
import { saidWithGenres } from './movielens.ts';
import { readItems } from './read-items.ts';

const RATINGS = /^ratings\.csv$/;
const MOVIES = /^movies\.csv$/;

export const movieLensCsv: Layout = {
  name: 'MovieLens latest, 20M, 25M or 32M',
  files: 'ratings.csv, movies.csv',
  owns: [RATINGS, MOVIES],
  find: async (folder) => {
    const [ratings, movies] = [folder.one(RATINGS), folder.one(MOVIES)];
    if (ratings === undefined || movies === undefined) return undefined;
    const files = { ratings: folder.file(ratings), movies: folder.file(movies) };
    const isMovieLens =
      (await hasColumns(files.ratings, ['userId', 'movieId', 'rating', 'timestamp'])) &&
      (await hasColumns(files.movies, ['movieId', 'title', 'genres']));
    if (!isMovieLens) return undefined;
    return {
      read: [ratings, movies],
      contents: (filters, badRows) => readMovieLensCsv(files, filters, badRows),
    };
  },
};

async function readMovieLensCsv(
  files: { readonly ratings: string; readonly movies: string },
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const catalogue = new Catalogue();
  await readItems({
    tables: [await openCsvTable(files.movies, {}, badRows)],
    id: 'movieId',
    said: saidWithGenres,
    catalogue,
    none: [files.movies, 'no movies', 'one a line; download the file again'],
    uselessRecords: 'bad-row',
    badRows,
  });
  const read = await readInteractions({
    tables: [await openCsvTable(files.ratings, {}, badRows)],
    columns: { user: 'userId', item: 'movieId', time: 'timestamp', rating: 'rating', event: undefined },
    filters,
    catalogue,
    unknownItems: 'bad-row',
    badRows,
  });
  return { catalogue, ...read };
}
