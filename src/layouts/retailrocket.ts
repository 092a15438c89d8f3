// RetailRocket's events of a shop (events.csv: timestamp in ms, visitorid, event, itemid, transactionid),
// where event is view, addtocart or transaction; all count unless --events says which.
//   item_properties_part1.csv, part2.csv and category_tree.csv are not read. The values are hashes, and
//   categories are numbers: to a text encoder they say nothing. They are snapshots, a week each, so that the
//   last value of a property also tells what came after the events that are learnt from.
// Format: https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset
import { Catalogue } from '../interactions/catalogue.ts';
import { openCsvTable } from '../tables/csv-table.ts';
import { noteOnRead } from './column-notes.ts';
import { hasColumns } from './csv-header.ts';
import { type InteractionColumns, readInteractions } from './interaction-rows.ts';
import type { Layout } from './layout.ts';

const EVENTS = /^events\.csv$/;

const COLUMNS: InteractionColumns = {
  user: 'visitorid',
  item: 'itemid',
  time: 'timestamp',
  rating: undefined,
  event: 'event',
};

export const retailRocket: Layout = {
  name: 'RetailRocket',
  files: 'events.csv',
  owns: [EVENTS],
  find: async (folder) => {
    const events = folder.one(EVENTS);
    if (events === undefined) return undefined;
    const path = folder.file(events);
    if (!(await hasColumns(path, ['timestamp', 'visitorid', 'event', 'itemid']))) return undefined;
    return {
      read: [events],
      notes: [
        noteOnRead(events, COLUMNS),
        `Items are known by the ids in ${events}, without text: what RetailRocket says of them is hashes.`,
      ],
      contents: async (filters, badRows) => {
        const catalogue = new Catalogue();
        const { notes, ...read } = await readInteractions({
          tables: [await openCsvTable(path, {}, badRows)],
          columns: COLUMNS,
          filters,
          catalogue,
          unknownItems: 'add',
          badRows,
        });
        return { catalogue, ...read, notes: filters.events === undefined ? [ALL_COUNT, ...notes] : notes };
      },
    };
  },
};

const ALL_COUNT =
  'Views count as interactions, as do addtocart and transaction; to learn from some alone give them, as in ' +
  '--events addtocart,transaction.';
