// MIND, news and who read it: behaviors.tsv (impression, user, time such as 11/15/2019 8:55:22 AM, history,
// impressions such as N1-0 N2-1) and news.tsv (id, category, subcategory, title, abstract, url, entities of
// title and abstract); neither has a header, and quotation marks are characters as others are.
//   What was clicked (-1) is an interaction at the time of its impression. The history is older than the
//   user's first impression: it comes before that, a second apart, in its order, once a user. Sets whose
//   impressions have no labels say nothing but histories. Links and entities are not read.
// Format: https://github.com/msnews/msnews.github.io/blob/master/assets/doc/introduction.md
import { Catalogue } from '../interactions/catalogue.ts';
import { BadRows } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import type { Table } from '../tables/table.ts';
import { plainName } from './folder.ts';
import type { FilterChoices } from './interaction-filter.ts';
import { type InteractionColumns, readInteractions } from './interaction-rows.ts';
import type { Contents, Layout } from './layout.ts';
import { readItems } from './read-items.ts';

const BEHAVIORS = /^behaviors\.tsv$/;
const NEWS = /^news\.tsv$/;
const BEHAVIOR_COLUMNS = ['impression', 'user', 'time', 'history', 'impressions'];
const NEWS_COLUMNS = [
  ...['news', 'category', 'subcategory', 'title', 'abstract', 'url', 'title entities', 'abstract entities'],
];

const COLUMNS: InteractionColumns = {
  user: 'user',
  item: 'impressions',
  time: 'time',
  rating: undefined,
  event: undefined,
};

export const mind: Layout = {
  name: 'MIND',
  files: 'behaviors.tsv, news.tsv',
  owns: (name) => [BEHAVIORS, NEWS].some((form) => form.test(plainName(name))),
  find: async (folder) => {
    const [behaviors, news] = [folder.one(BEHAVIORS), folder.one(NEWS)];
    if (behaviors === undefined || news === undefined) return undefined;
    const files = { behaviors: folder.file(behaviors), news: folder.file(news) };
    return {
      read: [behaviors, news],
      notes: [
        `${behaviors}: what was clicked is an interaction at the time of its impression, read as UTC; a ` +
          "user's history comes before the first of them, once.",
      ],
      contents: (filters, badRows) => readMind(files, filters, badRows),
    };
  },
};

async function readMind(
  files: { readonly behaviors: string; readonly news: string },
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  const open = (path: string, columns: readonly string[], bad = badRows) =>
    openCsvTable(path, { separator: '\t', columns, quotes: false }, bad);
  const catalogue = new Catalogue();
  const itemNotes = await readItems({
    tables: [await open(files.news, NEWS_COLUMNS)],
    id: 'news',
    said: ({ title, abstract, category, subcategory }) => ({
      title,
      description: abstract,
      attributes: { category, subcategory },
    }),
    catalogue,
    uselessRecords: 'leave-out',
    badRows,
  });
  if (catalogue.items.length === 0)
    badRows.refuseEmpty(files.news, 'no news', 'one a line; download the file again');
  // Read twice; its bad rows are told the second time.
  const firsts = await firstImpressions(await open(files.behaviors, BEHAVIOR_COLUMNS, new BadRows('skip')));
  const behaviors = await open(files.behaviors, BEHAVIOR_COLUMNS);
  const { notes, ...read } = await readInteractions({
    tables: [clicksOf(behaviors, firsts)],
    columns: COLUMNS,
    filters,
    catalogue,
    unknownItems: 'add',
    badRows,
  });
  return { catalogue, ...read, notes: [...itemNotes, ...notes] };
}

/** A row a click, and before a user's first impression a row a piece of history. */
function clicksOf(behaviors: Table, firsts: ReadonlyMap<string, Impression>): Pick<Table, 'name' | 'rows'> {
  const rows: Table['rows'] = async (_, onRow) => {
    const values: unknown[] = [];
    await behaviors.rows(['user', 'time', 'history', 'impressions'], ([user, when, history, shown], row) => {
      const give = (item: string, time: unknown) => {
        [values[0], values[1], values[2]] = [user, item, time];
        onRow(values, row);
      };
      const time = secondsOf(when) ?? when;
      if (firsts.get(String(user))?.line === row.line && typeof time === 'number') {
        const read = words(history);
        for (const [place, item] of read.entries()) give(item, time - read.length + place);
      }
      for (const impression of words(shown))
        if (impression.endsWith('-1')) give(impression.slice(0, -'-1'.length), time);
    });
  };
  return { name: behaviors.name, rows };
}

interface Impression {
  readonly time: number;
  readonly line: number;
}

/** Of each user the earliest, of several at one time that which comes first. */
async function firstImpressions(behaviors: Table): Promise<ReadonlyMap<string, Impression>> {
  const firsts = new Map<string, Impression>();
  await behaviors.rows(['user', 'time'], ([user, when], { line }) => {
    const time = secondsOf(when);
    if (time === undefined) return; // told when the row is read
    const known = firsts.get(String(user));
    if (known === undefined || time < known.time) firsts.set(String(user), { time, line });
  });
  return firsts;
}

const words = (text: unknown): string[] =>
  String(text)
    .split(' ')
    .filter((word) => word !== '');

const TIME = /^\s*(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d\d):(\d\d) ([AP])M\s*$/;

/** Month first, twelve hours; seconds since 1970. */
function secondsOf(when: unknown): number | undefined {
  const found = TIME.exec(String(when));
  if (!found) return undefined;
  const [month, day, year, hour, minute, second] = found.slice(1, 7).map(Number);
  if (month > 12 || day > 31 || hour > 12 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, (hour % 12) + (found[7] === 'P' ? 12 : 0), minute, second) / 1e3;
}
