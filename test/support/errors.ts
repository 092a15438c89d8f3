// What tests expect of a caller's mistake: one sentence.
import assert from 'node:assert/strict';
import { TslrecError } from '../../src/errors.ts';

/**
 * For assert.rejects: a TslrecError of one line that ends as a sentence, matches and, where it is given,
 * names the file first.
 */
export const refused =
  (message: RegExp, file = '') =>
  (error: unknown): true => {
    assert.ok(error instanceof TslrecError, String(error));
    assert.match(error.message, message);
    assert.match(error.message, /^[^\n]+\.$/);
    assert.ok(error.message.startsWith(file), error.message);
    return true;
  };
