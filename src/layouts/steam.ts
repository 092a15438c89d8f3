// Julian McAuley's Steam data: reviews (steam_reviews.json, steam_new.json) and games (steam_games.json),
// each line a Python dict. A user is a username, the id of a game is product_id here and id there; every
// review counts. Of a game its title (or app_name), genres, tags, specs, developer, publisher, release date,
// price and sentiment are read; links, early access, discounts and scores say nothing of what it is. Some
// games have no id, some stand there twice.
// Format: https://cseweb.ucsd.edu/~jmcauley/datasets.html#steam_data
import { Catalogue } from '../interactions/catalogue.ts';
import { BadRows } from '../tables/bad-rows.ts';
import { openDictTable } from '../tables/python-dict.ts';
import { noteOnLacking, noteOnRead, noteOnUnread, notesOnColumns } from './column-notes.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { type InteractionColumns, readInteractions } from './interaction-rows.ts';
import type { Contents, Layout } from './layout.ts';
import { readItems } from './read-items.ts';

const REVIEWS = /^steam_(reviews|new)\.json$/;
const GAMES = /^steam_games\.json$/;

const COLUMNS: InteractionColumns = {
  user: 'username',
  item: 'product_id',
  time: 'date',
  rating: undefined,
  event: undefined,
};

export const steam: Layout = {
  name: 'Steam',
  files: 'steam_reviews.json and, where known, steam_games.json',
  owns: [REVIEWS, GAMES],
  find: async (folder) => {
    const [reviews, games] = [folder.one(REVIEWS), folder.one(GAMES)];
    if (reviews === undefined || !(await isOfReviews(folder.file(reviews)))) return undefined;
    const files = { reviews: folder.file(reviews), games: games && folder.file(games) };
    const note = `There is no steam_games.json: games are known by the ids in ${reviews}, without text.`;
    return {
      read: games === undefined ? [reviews] : [reviews, games],
      notes: [noteOnRead(reviews, COLUMNS), ...(games === undefined ? [note] : [])],
      contents: (filters, badRows) => readSteam(files, filters, badRows),
    };
  },
};

/** Whether its rows have a user and an item. */
async function isOfReviews(path: string): Promise<boolean> {
  const { columns } = await openDictTable(path, new BadRows('stop'));
  return [COLUMNS.user, COLUMNS.item].every((key) => columns.includes(key));
}

async function readSteam(
  files: { readonly reviews: string; readonly games: string | undefined },
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const catalogue = new Catalogue();
  const itemNotes = files.games === undefined ? [] : await readGames(files.games, catalogue, badRows);
  const reviews = await openDictTable(files.reviews, badRows);
  const { notes, ...read } = await readInteractions({
    tables: [reviews],
    columns: COLUMNS,
    filters,
    catalogue,
    unknownItems: 'add',
    badRows,
  });
  const lacking = noteOnLacking('Games', files.games && 'steam_games.json', read.itemsWithoutText);
  const columnNotes = notesOnColumns(reviews.name, reviews.columns, COLUMNS, 'name it');
  return { catalogue, ...read, notes: [...columnNotes, ...itemNotes, ...lacking, ...notes] };
}

const ATTRIBUTES = [
  ...['genres', 'tags', 'specs', 'developer', 'publisher', 'release_date', 'price', 'sentiment'],
];

/** Gives sentences, for people. */
async function readGames(path: string, catalogue: Catalogue, badRows: BadRows): Promise<string[]> {
  const games = await openDictTable(path, badRows);
  const leftOut = await readItems({
    tables: [games],
    id: 'id',
    said: (game) => ({
      title: game.title ?? game.app_name,
      attributes: Object.fromEntries(ATTRIBUTES.map((name) => [name, game[name]])),
    }),
    catalogue,
    none: [
      path,
      'no games',
      'one a line; download the file again, or remove it to have games known by their ids alone',
    ],
    uselessRecords: 'leave-out',
    badRows,
  });
  const known = ['id', 'title', 'app_name', ...ATTRIBUTES];
  const others = games.columns.filter((name) => !known.includes(name));
  return [...noteOnUnread(games.name, others), ...leftOut];
}
