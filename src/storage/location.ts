// Where a store may be: in a folder, or behind the URL of a Postgres. What is neither is refused, and shown
// without what may be a secret: a mistyped URL would become a folder with the password in its name.
import { TslrecError } from '../errors.ts';
import { maskedUrl } from '../masked-url.ts';

/** What a shell, a settings file or a copied line leaves around a value. */
const QUOTE_OR_BLANK_AT_END = /^[\s"'`\u2018-\u201f]|[\s"'`\u2018-\u201f]$/;
const KEYS_AND_VALUES =
  /(^|[\s?&;])(pg|ssl)?(host|hostaddr|port|dbname|database|user|password|passfile|service)\s*=/i;
const URL_BEGINNING = /^[a-z][a-z0-9+.-]+:/i;
/** A scheme, or user:password@host, without ./ or / before it; a drive is none. */
const COLON_IN_FIRST_PART = /^(?![a-z]:(\\|[^@:]*$))[^/\\]*:/i;
const PARTS_OF_A_URL = [COLON_IN_FIRST_PART, /:\/\//, /\/\/.*@/s, /^postgres(ql)?\W*\/\//i];

export const isPostgres = (location: string): boolean =>
  /^postgres(ql)?:\/\//i.test(location) && !QUOTE_OR_BLANK_AT_END.test(location);

/** As messages may show it. */
export const shownLocation = (location: string): string =>
  isPostgres(location) ? maskedUrl(location) : (insteadOfFolder(location) ?? location);

/** Whether a folder is meant: a URL, a piece of one, or what libpq calls a connection string, is none. */
export const isFolderPath = (location: string): boolean => insteadOfFolder(location) === undefined;

export function checkLocation(location: string): void {
  if (isPostgres(location) || isFolderPath(location)) return;
  throw new TslrecError(
    'bad-request',
    `The store cannot be kept in ${shownLocation(location)}: give a folder (./ before a name with a ` +
      'colon), or the URL of a Postgres, postgres://user:password@host:5432/name.',
  );
}

/** What the location is in place of a folder, in words without a secret. */
function insteadOfFolder(location: string): string | undefined {
  if (location === '') return 'an empty text';
  if (QUOTE_OR_BLANK_AT_END.test(location)) return 'a text with a quotation mark or a blank at an end';
  if (KEYS_AND_VALUES.test(location)) return 'keys and values';
  const decoded = location.replace(/%(2f|3a|40|5c)/gi, decodeURIComponent);
  if (!PARTS_OF_A_URL.some((part) => part.test(decoded))) return undefined;
  return URL_BEGINNING.test(location) ? maskedUrl(location) : 'what looks like a part of a URL';
}
