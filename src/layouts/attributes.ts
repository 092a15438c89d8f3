// Values as people's files have them -> what an item says of itself: texts, numbers and lists of texts.
//   null, NaN, blank text, empty lists and objects   nothing
//   true, false                                      "yes", "no"
//   a date                                           as ISO 8601, the day alone at midnight UTC
//   a list                                           a list of texts; lists in it become parts of it
//   an object                                        a list of "name: value"; in a list one text of them
import type { Item } from '../interactions/dataset.ts';

export type Attribute = Item['attributes'][string];

/** What a value says, or undefined where that is nothing. */
export function attributeOf(value: unknown): Attribute | undefined {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    const texts = textsOf(value);
    return texts.length > 0 ? texts : undefined;
  }
  return textsOf(value).at(0);
}

/** A value as one text, the parts of a list or an object parted by `separator`; undefined for nothing. */
export function textOf(value: unknown, separator = ' '): string | undefined {
  return textsOf(value).join(separator) || undefined;
}

/** Attributes by name, of those values that say something. */
export function attributesOf(values: Readonly<Record<string, unknown>>): Record<string, Attribute> {
  const said = Object.entries(values).map(([name, value]) => [name, attributeOf(value)] as const);
  return Object.fromEntries(said.filter((entry): entry is [string, Attribute] => entry[1] !== undefined));
}

/** Whether lists and objects lie within each other so many times and more. */
export function isNested(value: unknown, times: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return times === 0 || Object.values(value).some((part) => isNested(part, times - 1));
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.trim() === '' ? [] : [value];
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  if (typeof value === 'number') return Number.isNaN(value) ? [] : [String(value)];
  if (typeof value === 'bigint') return [String(value)];
  if (value instanceof Date) return [value.toISOString().replace('T00:00:00.000Z', '')];
  if (typeof value !== 'object' || value === null) return [];
  if (isList(value))
    return Array.from(value).flatMap((part) => (isObject(part) ? (textOf(part, ', ') ?? []) : textsOf(part)));
  return Object.entries(value).flatMap(([name, part]) => {
    const text = textOf(part, ', ');
    return text === undefined ? [] : `${name}: ${text}`;
  });
}

const isList = (value: object): value is Iterable<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && Symbol.iterator in value);
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Date);
