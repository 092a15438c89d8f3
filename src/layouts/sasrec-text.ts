// The text that SASRec and its kin read: NAME.txt with a line an interaction, `user item` in whole numbers,
// parted by a blank or a tab, in the order of time. Forks have the time behind it. Any text may be called
// NAME.txt: the first lines tell. Format: data/ of https://github.com/kang205/SASRec
import { Catalogue } from '../interactions/catalogue.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import type { Folder } from './folder.ts';
import { readInteractions } from './interaction-rows.ts';
import type { Layout } from './layout.ts';
import { readableLines } from './readable-lines.ts';

const TEXT = /^[^.].*\.txt$/;
const LINE = /^\d+([ \t])\d+(\1\d+)?$/;
/** A smaller number is no time since 1970, but a rating, a count or a position. */
const SMALLEST_TIME = 1e8;

export const sasRecText: Layout = {
  name: 'SASRec text',
  files: 'NAME.txt with lines `user item`',
  owns: [], // a name tells nothing
  find: async (folder) => {
    const found = await Promise.all(folder.all(TEXT).map((name) => recognised(folder, name)));
    const [text, ...others] = found.filter((one) => one !== undefined);
    if (text === undefined) return undefined;
    const { name, separator, width } = text;
    if (others.length > 0)
      folder.refuse(
        `both ${name} and ${others[0].name}, which have lines \`user item\``,
        'one; keep the one that is meant',
      );
    const columns = ['user', 'item', 'time'].slice(0, width);
    const time = width > 2 ? 'time' : undefined;
    return {
      read: [name],
      notes: [
        time === undefined
          ? `${name}: the first column is read as the user, the second as the item; the order of its rows ` +
            'is taken for the order in time.'
          : `${name}: the first column is read as the user, the second as the item, the third as the time.`,
        `Items are known by the ids in ${name}, without text.`,
      ],
      contents: async (filters, badRows) => {
        const catalogue = new Catalogue();
        const form = { separator, columns, quotes: false };
        const read = await readInteractions({
          tables: [await openCsvTable(folder.file(name), form, badRows)],
          columns: { user: 'user', item: 'item', time, rating: undefined, event: undefined },
          filters,
          catalogue,
          unknownItems: 'add',
          badRows,
        });
        return { catalogue, ...read };
      },
    };
  },
};

/** Undefined of another text. Throws 'bad-data' where there is a third column that is no time. */
async function recognised(folder: Folder, name: string) {
  const rows = await readableLines(folder.file(name));
  const separator = LINE.exec(rows.at(0) ?? '')?.[1];
  if (separator === undefined) return undefined;
  const cut = rows.map((row) => row.split(separator));
  const width = cut[0].length;
  if (!rows.every((row) => LINE.test(row)) || cut.some((fields) => fields.length !== width)) return undefined;
  const small = width > 2 ? cut.findIndex(([, , third]) => Number(third) < SMALLEST_TIME) : -1;
  if (small >= 0)
    folder.refuse(
      `${name} with lines of three numbers, such as ${JSON.stringify(rows[small])}`,
      'lines `user item` in the order of time, or with the time since 1970 behind them; take other columns ' +
        'out, or give the file a header and say which columns are what with --user-column and --item-column',
    );
  return { name, separator, width };
}
