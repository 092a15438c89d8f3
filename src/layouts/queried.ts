// What two queries find in a Postgres, as a folder's files would say it.
import { TslrecError } from '../errors.ts';
import { openQueryTable } from '../storage/query-table.ts';
import type { BadRows } from '../tables/bad-rows.ts';
import type { FilterChoices } from './interaction-filter.ts';
import type { Contents } from './layout.ts';
import { readMapped } from './mapped.ts';
import type { Mapping } from './mapping.ts';

export interface QueryChoices {
  /** Finds who did what, when. */
  readonly interactionsQuery?: string;
  /** Finds what items are; without it they are known by their ids. */
  readonly itemsQuery?: string;
}

export const QUERY_OPTIONS = {
  interactionsQuery: '--interactions-query',
  itemsQuery: '--items-query',
} as const satisfies Record<keyof QueryChoices, string>;

/** The columns of a query that says nothing else. */
const DOCUMENTED: Mapping = { userColumn: 'user_id', itemColumn: ['item_id'] };

/** Throws 'bad-request' where the queries do not fit a database, 'unavailable' where there is none. */
export async function readQueried(
  url: string,
  { interactionsQuery, itemsQuery }: QueryChoices,
  mapping: Mapping | undefined,
  filters: FilterChoices,
  badRows: BadRows,
): Promise<Contents> {
  if (interactionsQuery === undefined)
    throw new TslrecError(
      'bad-request',
      `--data is a database: give ${QUERY_OPTIONS.interactionsQuery} "SELECT user_id, item_id, timestamp ` +
        `FROM ...", and where items have text ${QUERY_OPTIONS.itemsQuery} "SELECT item_id, title FROM ...".`,
    );
  const open = (key: keyof QueryChoices, sql: string) => openQueryTable(url, sql, QUERY_OPTIONS[key]);
  const tables = {
    interactions: [await open('interactionsQuery', interactionsQuery)],
    items: itemsQuery === undefined ? [] : [await open('itemsQuery', itemsQuery)],
  };
  return readMapped(tables, { ...DOCUMENTED, ...mapping }, filters, badRows);
}

/** The name of the database, for people. */
export function databaseName(url: string): string {
  return (URL.canParse(url) && new URL(url).pathname.slice(1)) || 'database';
}
