// Where a store may be: in a folder, or behind the URL of a Postgres.
import { TslrecError } from '../errors.ts';
import { maskedUrl } from '../masked-url.ts';

export const isPostgres = (location: string): boolean => /^postgres(ql)?:\/\//i.test(location);

/** A scheme of two letters or more; one letter is a drive. */
const URL_LIKE = /^[a-z][a-z0-9+.-]+:/i;
const KEYS_AND_VALUES = /(^|\s)(host|hostaddr|port|dbname|user|password|service)\s*=/i;

/** As messages may show it. */
export function shownLocation(location: string): string {
  if (KEYS_AND_VALUES.test(location)) return 'keys and values';
  return URL_LIKE.test(location) ? maskedUrl(location) : location;
}

/** Whether a folder is meant: a URL of any kind, or what libpq calls a connection string, is none. */
export const isFolderPath = (location: string): boolean =>
  !URL_LIKE.test(location) && !KEYS_AND_VALUES.test(location);

export function checkLocation(location: string): void {
  if (isPostgres(location) || isFolderPath(location)) return;
  throw new TslrecError(
    'bad-request',
    `The store cannot be kept in ${shownLocation(location)}: give a folder (./ before a name with a ` +
      'colon), or the URL of a Postgres, postgres://user:password@host:5432/name.',
  );
}
