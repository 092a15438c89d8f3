// What a file of no telling name begins with: it may be of any kind, and only its own reader complains of it.
import { TslrecError } from '../errors.ts';
import { firstLines } from '../tables/lines.ts';

/** So many lines tell what a file is. */
const LOOKED_AT = 100;

/** None of a file that is no text. */
export async function readableLines(path: string): Promise<string[]> {
  try {
    return await firstLines(path, LOOKED_AT);
  } catch (error) {
    if (error instanceof TslrecError) return [];
    throw error;
  }
}
