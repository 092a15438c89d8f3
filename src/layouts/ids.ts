// Values as people's files have them -> ids. An id is text; a table that is none may hold whole numbers.
import { idProblem } from '../interactions/catalogue.ts';
import { shown } from '../tables/bad-rows.ts';

/** Without the blanks around it; empty where the value is no id. */
export function idOf(value: unknown): string {
  if (typeof value === 'string') return trimmed(value);
  return Number.isSafeInteger(value) || typeof value === 'bigint' ? String(value) : '';
}

/** Blanks that take no room are lost around ids, too: U+200B to U+200D, U+2060. */
const UNSEEN = /^[\s\u200B-\u200D\u2060]+|[\s\u200B-\u200D\u2060]+$/g;

function trimmed(text: string): string {
  const [first, last] = [text.charCodeAt(0), text.charCodeAt(text.length - 1)];
  const isAscii = first > 0x20 && first < 0x7f && last > 0x20 && last < 0x7f;
  return isAscii ? text : text.replace(UNSEEN, '');
}

/** What is wrong with a value as an id, if anything. */
export function problemOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'no id';
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return `a whole number near ${value}, of more digits than JSON keeps (write ids as text)`;
  if (typeof value !== 'string' && idOf(value) === '')
    return `${shown(JSON.stringify(value))}, which is neither text nor a whole number`;
  return idProblem(idOf(value));
}

/** A part of a text keeps the whole text in memory, and a file is many of them. */
export const copied = (text: string): string => Buffer.from(text).toString();
