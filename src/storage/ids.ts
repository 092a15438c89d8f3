// What an id may be, for items, users and versions alike: any text that Postgres can store and index. A read
// that asks for anything else asks for something that cannot exist.
import { TslrecError } from '../errors.ts';
import { MAX_ID_BYTES } from '../interactions/catalogue.ts';

const SHOWN_CHARACTERS = 80;

export function isStorableId(id: string): boolean {
  return id.length > 0 && Buffer.byteLength(id) <= MAX_ID_BYTES && isStorableText(id);
}

/** Whether every string in the value, keys too, is text that Postgres can store. */
export function isStorableJson(value: unknown): boolean {
  let storable = true;
  JSON.stringify(value, (key, inner) => {
    storable &&= isStorableText(key) && (typeof inner !== 'string' || isStorableText(inner));
    return inner;
  });
  return storable;
}

/** A version's id as the name of its files or folder; one that is no plain name is refused. */
export function nameOfFiles(versionId: string, what: string): string {
  if (/^[\w-]{1,100}$/.test(versionId)) return versionId;
  throw new TslrecError(
    'bad-data',
    `The version ${shownId(versionId)} cannot have ${what}: an id has up to 100 letters, digits, "-" and ` +
      '"_".',
  );
}

function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** An id as a message shows it: quoted, control characters escaped, cut to a sane length. */
export function shownId(id: string): string {
  return JSON.stringify(id.length > SHOWN_CHARACTERS ? `${id.slice(0, SHOWN_CHARACTERS)}...` : id);
}
