// What layouts have to say alike: which columns are the time, which are read and which are not, and how many
// items a file lacks.
import { shown } from '../tables/bad-rows.ts';
import type { InteractionColumns } from './interaction-rows.ts';

const SHOWN_COLUMNS = 20;

/** Sentences. `nameIt`: what to do about a column that is the time and not known as such. */
export function notesOnColumns(
  file: string,
  columns: readonly string[],
  read: InteractionColumns,
  nameIt: string,
): string[] {
  const known = Object.values(read);
  const others = columns.filter((column) => !known.includes(column));
  const notes: string[] = [];
  if (read.time === undefined) {
    const alike = others.filter(looksLikeTime);
    notes.push(
      `${file} has no column that is known as the time: the order of its rows is taken for the order in ` +
        (alike.length > 0 ? `time; if the time is in ${listedColumns(alike)}, ${nameIt}.` : 'time.'),
    );
  }
  return [...notes, ...noteOnUnread(file, others)];
}

/** Nothing where there are none. */
export const noteOnUnread = (file: string, columns: readonly string[]): string[] =>
  columns.length === 0 ? [] : [`${file}: columns that are not read: ${listedColumns(columns)}.`];

/** Nothing where there is no such file, or it has them all. `what`: items, or what a layout calls them. */
export const noteOnLacking = (what: string, file: string | undefined, lacking: number): string[] =>
  file === undefined || lacking === 0 ? [] : [`${what} that ${file} lacks: ${lacking}.`];

/** Which columns are read, and as what. */
export function noteOnRead(file: string, { user, item, time }: InteractionColumns): string {
  const when = time === undefined ? '' : ` and ${shown(time)} as the time`;
  return `${file}: ${shown(user)} is read as the user, ${shown(item)} as the item${when}.`;
}

/** Names as a message gives them. */
export function listedColumns(names: readonly string[]): string {
  const more = names.length > SHOWN_COLUMNS ? ` and ${names.length - SHOWN_COLUMNS} more` : '';
  return names.slice(0, SHOWN_COLUMNS).map(shown).join(', ') + more;
}

/** A name with a word of time in it: only asked of columns that are not read. */
function looksLikeTime(name: string): boolean {
  const words = name
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.some((word) => /(time|date|stamp|epoch)$|^(at|day|hour|month|year|ts)$/.test(word));
}
