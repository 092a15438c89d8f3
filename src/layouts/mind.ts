// MIND, news and who read it: behaviors.tsv (impression, user, time such as 11/15/2019 8:55:22 AM, history,
// impressions such as N1-0 N2-1) and news.tsv (id, category, subcategory, title, abstract, url, entities of
// title and abstract); neither has a header, and quotation marks are characters as others are.
//   What was clicked (-1) is an interaction at the time of its impression. The history is older than the
//   user's first impression: it comes before that, a second apart, in its order, once a user. Sets whose
//   impressions have no labels say nothing but histories. Links and entities are not read.
// Format: https://github.com/msnews/msnews.github.io/blob/master/assets/doc/introduction.md
import { basename } from 'node:path';
import { Catalogue } from '../interactions/catalogue.ts';
import { BadRows, shown } from '../tables/bad-rows.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import type { Table } from '../tables/table.ts';
import { noteOnLacking } from './column-notes.ts';
import { idOf, problemOf } from './ids.ts';
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
  owns: [BEHAVIORS, NEWS],
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
    none: [files.news, 'no news', 'one a line; download the file again'],
    uselessRecords: 'leave-out',
    badRows,
  });
  // Read twice; its bad rows are told the second time.
  const firsts = await firstImpressions(await open(files.behaviors, BEHAVIOR_COLUMNS, new BadRows('skip')));
  const clicks = new Clicks(await open(files.behaviors, BEHAVIOR_COLUMNS), firsts, badRows);
  const { notes, ...read } = await readInteractions({
    tables: [clicks],
    columns: COLUMNS,
    filters,
    catalogue,
    unknownItems: 'add',
    badRows,
  });
  return {
    catalogue,
    ...read,
    notes: [
      ...itemNotes,
      ...noteOnLacking('News', basename(files.news), read.itemsWithoutText),
      ...clicks.notes(),
      ...notes,
    ],
  };
}

/** A row a click, and before a user's first impression a row a piece of history. */
class Clicks implements Pick<Table, 'name' | 'rows'> {
  readonly name: string;
  readonly #behaviors: Table;
  /** By user the line of the first impression. */
  readonly #firsts: ReadonlyMap<string, number>;
  readonly #badRows: BadRows;
  #unlabelled = 0;

  constructor(behaviors: Table, firsts: ReadonlyMap<string, number>, badRows: BadRows) {
    this.name = behaviors.name;
    this.#behaviors = behaviors;
    this.#firsts = firsts;
    this.#badRows = badRows;
  }

  rows: Table['rows'] = async (_, onRow) => {
    await this.#behaviors.rows(READ, (values, row) => {
      const impression = impressionOf(values);
      if ('column' in impression) {
        const { column, got, expected } = impression;
        return this.#badRows.reportAt(row, column, got, expected);
      }
      const { user, time, history, clicked } = impression;
      if (clicked === undefined) this.#unlabelled++;
      if (this.#firsts.get(user) === row.line)
        for (const [place, item] of history.entries())
          onRow([user, item, time - history.length + place], row);
      for (const item of clicked ?? []) onRow([user, item, time], row);
    });
  };

  notes(): string[] {
    return this.#unlabelled === 0
      ? []
      : [
          `${this.name}: impressions that do not say what was clicked: ${this.#unlabelled}; of them the ` +
            'history alone is read.',
        ];
  }
}

/** Of each user the line of the earliest, of several at one time that which comes first. */
async function firstImpressions(behaviors: Table): Promise<ReadonlyMap<string, number>> {
  const firsts = new Map<string, { readonly time: number; readonly line: number }>();
  await behaviors.rows(READ, (values, { line }) => {
    const impression = impressionOf(values);
    if ('column' in impression) return; // told when the row is read
    const { user, time } = impression;
    const known = firsts.get(user);
    if (known === undefined || time < known.time) firsts.set(user, { time, line });
  });
  return new Map([...firsts].map(([user, { line }]) => [user, line]));
}

interface Impression {
  readonly user: string;
  readonly time: number;
  readonly history: readonly string[];
  /** Undefined where it is not told. */
  readonly clicked: readonly string[] | undefined;
}

interface Problem {
  readonly column: string;
  readonly got: string;
  readonly expected: string;
}

const READ = ['user', 'time', 'history', 'impressions'];

/** What a row says, or which column is wrong. */
function impressionOf([userId, when, history, shownNews]: readonly unknown[]): Impression | Problem {
  const problem = problemOf(userId);
  if (problem !== undefined) return { column: 'user', got: problem, expected: "the user's id" };
  const time = secondsOf(when);
  if (time === undefined)
    return {
      column: 'time',
      got: `time ${shown(String(when))}`,
      expected: 'month, day and time, such as 11/15/2019 8:55:22 AM',
    };
  const news = words(shownNews);
  const labelled = news.filter((word) => LABELLED.test(word));
  if (labelled.length > 0 && labelled.length < news.length)
    return {
      column: 'impressions',
      got: `impressions ${shown(String(shownNews))}`,
      expected: 'news each with -0 or -1 behind it, or none',
    };
  const clicked =
    labelled.length === 0
      ? undefined
      : labelled.filter((word) => word.endsWith('1')).map((word) => word.slice(0, -'-1'.length));
  return { user: idOf(userId), time, history: words(history), clicked };
}

const LABELLED = /.-[01]$/;

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
  const time = Date.UTC(year, month - 1, day, (hour % 12) + (found[7] === 'P' ? 12 : 0), minute, second);
  const isThere = new Date(time).getUTCMonth() === month - 1 && new Date(time).getUTCDate() === day;
  return isThere && hour <= 12 && minute <= 59 && second <= 59 ? time / 1e3 : undefined;
}
