/** What a text says as JSON; undefined where it is none. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A key that an object in a JSON text has twice, and the place of the second: JSON.parse takes the last. */
export interface DuplicateKey {
  readonly key: string;
  readonly at: number;
}

/**
 * The first in `text`, which is JSON and says `value`. Where the text has as many keys as the value there is
 * none, and that is quickly counted.
 */
export function duplicateKey(text: string, value: unknown): DuplicateKey | undefined {
  return keysInText(text) === keysInValue(value) ? undefined : findDuplicate(text);
}

function keysInText(text: string): number {
  let keys = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at = stringEnd(text, at);
    if (isKeyEnd(text, at)) keys++;
  }
  return keys;
}

function keysInValue(value: unknown): number {
  let keys = 0;
  const open: unknown[] = [value]; // no recursion: it may be deep
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one !== 'object' || one === null) continue;
    const parts = Object.values(one);
    if (!Array.isArray(one)) keys += parts.length;
    for (const part of parts) if (typeof part === 'object' && part !== null) open.push(part);
  }
  return keys;
}

function findDuplicate(text: string): DuplicateKey | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') open.push(new Set());
    if (character === '}' || character === ']') open.pop();
    if (character !== '"') continue;
    const end = stringEnd(text, at);
    if (isKeyEnd(text, end)) {
      const key = JSON.parse(text.slice(at, end)) as string;
      if (open.at(-1)!.has(key)) return { key, at };
      open.at(-1)!.add(key);
    }
    at = end - 1;
  }
  return undefined;
}

/** Behind the quotation mark that closes the one at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return text.length;
}

function isKeyEnd(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at++;
  return text[at] === ':';
}
