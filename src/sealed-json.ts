// JSON that carries a SHA-256 of all that it says: its writer can tell whether somebody has changed it.
import { sha256Of } from './file-hash.ts';
import { jsonValue } from './json.ts';

export function sealedJson(content: object): string {
  const contentSha256 = sha256Of([JSON.stringify(content)]);
  return `${JSON.stringify({ ...content, contentSha256 }, null, 2)}\n`;
}

/** Whether the text is, to the letter, what `sealedJson` has made. */
export function isSealedJson(text: string): boolean {
  const value = jsonValue(text);
  if (typeof value !== 'object' || value === null) return false;
  const { contentSha256, ...content } = value as { contentSha256?: unknown };
  try {
    return text === sealedJson(content);
  } catch (error) {
    if (error instanceof RangeError) return false; // deeper than anything that can be written
    throw error;
  }
}
