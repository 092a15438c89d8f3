// Whether what came of a damaged input is right: one sentence and exit code 1, or a reading of what the
// damage has left.
import type { Leaves } from './damages.ts';
import type { Reading } from './doors.ts';
import type { Outcome } from './reader-process.ts';

const LONGEST_SENTENCE = 600;

/** What is wrong with an outcome, if anything is; paths count as their last name. */
export function complaint(
  outcome: Outcome,
  good: Reading,
  leaves: Remains,
  folder: string,
): string | undefined {
  const { killed, exit, printed, reading } = outcome;
  if (killed !== undefined) return `the process ${killed}`;
  if (outcome.left) return 'a process that it has started goes on';
  const message = printed.replaceAll(`${folder}/`, '');
  if (exit === 1) return isSentence(message) ? undefined : 'it was refused in other words than one sentence';
  if (message !== '') return 'it was read, and something was printed beside';
  const names = Object.keys(good);
  const fits = names.every((name) => RIGHT[leaves](reading?.[name] ?? [], good[name]));
  return fits ? undefined : `it was read, and not as ${EXPECTED[leaves]}`;
}

function isSentence(printed: string): boolean {
  const text = printed.trimEnd();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what may hide in a damaged file
  const isOneLine = /^tslrec: [^\x00-\x1f\x7f]+$/.test(text) && printed === `${text}\n`;
  return isOneLine && text.length <= LONGEST_SENTENCE && !text.includes('internal:');
}

/** `fewer`: some of the rows, and at most one that is another: of what is made again where it is missing. */
export type Remains = Leaves | 'fewer';

type Rows = readonly string[];
const isSame = (got: Rows, good: Rows) =>
  got.length === good.length && got.every((row, i) => row === good[i]);

/** Rows of `a` that `b` does not have. */
function without(a: Rows, b: Rows): Rows {
  const rest = [...b];
  return a.filter((row) => {
    const found = rest.indexOf(row);
    if (found >= 0) rest.splice(found, 1);
    return found < 0;
  });
}

const numbersIn = (row: string): number =>
  row.split(' ').filter((word) => word !== '' && Number.isFinite(Number(word))).length;

const RIGHT: Readonly<Record<Remains, (got: Rows, good: Rows) => boolean>> = {
  fewer: (got, good) => without(got, good).length <= 1,
  nothing: () => false,
  same: isSame,
  beginning: (got, good) =>
    got.length <= good.length && isSame(got.slice(0, -1), good.slice(0, Math.max(0, got.length - 1))),
  twice: (got, good) => isSame(got, good) || isSame(got, [...good, ...good]),
  'one place': (got, good) =>
    Math.abs(got.length - good.length) <= 1 &&
    without(got, good).length <= 2 &&
    without(good, got).length <= 2,
  anything: () => true,
  settings: (got, good) =>
    got.length === good.length && got.every((row, i) => numbersIn(row) === numbersIn(good[i])),
};

const EXPECTED: Readonly<Record<Remains, string>> = {
  fewer: 'rows of the good file',
  nothing: 'anything: expected a refusal',
  same: 'what the good file says',
  beginning: 'the beginning of what the good file says',
  twice: 'what the good file says, once or twice',
  'one place': 'what the good file says but for one place',
  anything: 'anything',
  settings: 'rows as many and as long as those of the good file',
};
