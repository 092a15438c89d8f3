// Julian McAuley's Steam data: reviews (steam_reviews.json, steam_new.json) and games (steam_games.json),
// each line a Python dict. A user is a username, the id of a game is product_id here and id there; every
// review counts. Of a game its title (or app_name), genres, tags, specs, developer, publisher, release date,
// price and sentiment are read; links, early access, discounts and scores say nothing of what it is. Some
// games have no id, some stand there twice.
// Format: https://cseweb.ucsd.edu/~jmcauley/datasets.html#steam_data
import { Catalogue } from '../interactions/catalogue.ts';
import type { BadRows } from '../tables/bad-rows.ts';
import { openJsonTable } from '../tables/json-table.ts';
import { firstLines } from '../tables/lines.ts';
import { parsePythonDict } from '../tables/python-dict.ts';
import { noteOnRead } from './column-notes.ts';
import { plainName } from './folder.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { type InteractionColumns, readInteractions } from './interaction-rows.ts';
import type { Contents, Layout } from './layout.ts';
import { type ItemRecord, readItems, type SaidOfItem } from './read-items.ts';

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
  owns: (name) => [REVIEWS, GAMES].some((form) => form.test(plainName(name))),
  find: async (folder) => {
    const [reviews, games] = [folder.one(REVIEWS), folder.one(GAMES)];
    if (reviews === undefined || !(await isOfDicts(folder.file(reviews)))) return undefined;
    const files = { reviews: folder.file(reviews), games: games && folder.file(games) };
    const note = `There is no steam_games.json: games are known by the ids in ${reviews}, without text.`;
    return {
      read: games === undefined ? [reviews] : [reviews, games],
      notes: [noteOnRead(reviews, COLUMNS), ...(games === undefined ? [note] : [])],
      contents: (filters, badRows) => readSteam(files, filters, badRows),
    };
  },
};

async function isOfDicts(path: string): Promise<boolean> {
  const [line = ''] = await firstLines(path, 1);
  const parsed = parsePythonDict(line);
  return 'record' in parsed && COLUMNS.user in parsed.record && COLUMNS.item in parsed.record;
}

async function readSteam(
  files: { readonly reviews: string; readonly games: string | undefined },
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const open = (path: string) => openJsonTable(path, badRows, parsePythonDict);
  const catalogue = new Catalogue();
  const itemNotes =
    files.games === undefined
      ? []
      : await readItems({
          tables: [await open(files.games)],
          id: 'id',
          said,
          catalogue,
          uselessRecords: 'leave-out',
          badRows,
        });
  const { notes, ...read } = await readInteractions({
    tables: [await open(files.reviews)],
    columns: COLUMNS,
    filters,
    catalogue,
    unknownItems: 'add',
    badRows,
  });
  const lacking =
    files.games !== undefined && read.itemsWithoutText > 0
      ? [`Games that steam_games.json lacks: ${read.itemsWithoutText}.`]
      : [];
  return { catalogue, ...read, notes: [...itemNotes, ...lacking, ...notes] };
}

function said(game: ItemRecord): SaidOfItem {
  const { title, app_name, genres, tags, specs, developer, publisher, release_date, price, sentiment } = game;
  return {
    title: title ?? app_name,
    attributes: { genres, tags, specs, developer, publisher, release_date, price, sentiment },
  };
}
