// What shops say of their goods was written for web pages: its plain text.

/** A piece of a program, as data that were taken from pages have in the place of text. */
const CODE = /\bgetTime\(\)|<(script|style)\b/i;
const TAG = /<[/!]?[a-z][^<>]*>|<!--[^<>]*>/gi;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi;
const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' },
};
/** Lists in lists, as far as what is nested deeper is refused elsewhere. */
const DEEPEST = 20;

/**
 * Text without tags, entities as the characters that they are, blanks as single ones; nothing of what is a
 * program. A list becomes a list of such texts, each once. Other values stay what they are.
 */
export function plainText(value: unknown): unknown {
  if (typeof value === 'string') return CODE.test(value) ? undefined : withoutTags(value);
  if (!Array.isArray(value)) return value;
  const parts: unknown[] = value.flat(DEEPEST);
  return [...new Set(parts.map((part) => (typeof part === 'string' ? plainText(part) : part)))];
}

function withoutTags(text: string): string {
  const untagged = text.includes('<') ? text.replace(TAG, ' ') : text;
  const decoded = untagged.includes('&') ? untagged.replace(ENTITY, characterOf) : untagged;
  return decoded.replace(/\s+/g, ' ').trim();
}

function characterOf(entity: string, decimal?: string, hexadecimal?: string, name?: string): string {
  if (name !== undefined) return NAMED[name.toLowerCase()];
  const code = decimal === undefined ? Number.parseInt(hexadecimal!, 16) : Number(decimal);
  const isCharacter = code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : entity;
}
