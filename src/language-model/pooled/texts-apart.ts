// Whether a model's rows tell texts apart. A server or a folder that is broken may give well-formed rows that
// say the same of every text. Legend: n texts, w width of a row.
import { createHash } from 'node:crypto';
import { TslrecError } from '../../errors.ts';
import { unitRows } from '../../unit-rows.ts';

/**
 * How far directions differ at least: what rounding to 16 bits makes of equal ones is less (bfloat16: 1e-3),
 * and rows of models that work differ by far more.
 */
const LEAST_SPREAD = 3e-3;
/**
 * The same of rows that are computed in this process, in single precision: a small model that has learnt
 * little may say nearly the same of every text, and what is not the same is still worth something.
 */
const LEAST_SPREAD_HERE = 1e-5;

export interface TextsApart {
  /** The row of a text, which `key` stands for; of equal texts the first counts. */
  add(key: string, row: Float32Array): void;
  /** How many different texts have come. */
  readonly texts: number;
  /** Whether their rows differ by more than rounding; false for a single one. */
  readonly areApart: boolean;
}

/**
 * Only directions count: cosines are what becomes of the rows. Rows on one line through zero say the same,
 * whichever way they point along it, so that each is turned to the side of the first.
 *   u = +- x / |x|   spread^2 = mean |u - mean u|^2 = 1 - |mean u|^2, over the rows that are not zeros
 */
export function createTextsApart(leastSpread = LEAST_SPREAD): TextsApart {
  const seen = new Set<string>();
  let first: Float64Array | undefined;
  let sum = new Float64Array(0);
  let directions = 0;
  return {
    add(key, row) {
      if (seen.has(key)) return;
      seen.add(key);
      const unit = unitRows(row, row.length);
      if (unit.every((value) => value === 0)) return;
      if (first === undefined) [first, sum] = [unit, new Float64Array(row.length)];
      const along = first.reduce((total, value, j) => total + value * unit[j], 0);
      const side = along < 0 ? -1 : 1;
      for (let j = 0; j < row.length; j++) sum[j] += side * unit[j];
      directions++;
    },
    get texts() {
      return seen.size;
    },
    get areApart() {
      const ofMean = sum.reduce((total, value) => total + (value / directions) ** 2, 0);
      return directions > 1 && 1 - ofMean >= leastSpread ** 2;
    },
  };
}

/** How an error says that they are not. */
export const sameForAll = (texts: number): string =>
  `gave the same row of numbers, or nearly, or multiples of it, for all of ${texts} different texts`;

/** Of fewer different texts nothing is concluded: a product in several sizes has nearly one text. */
export const TEXTS_TO_JUDGE_BY = 8;

export type ApartCheck = (
  texts: readonly Int32Array[],
  rowOf: (text: number) => Float32Array,
  task: string,
) => void;

/**
 * Checks the rows of a model in this process, one a text as tokens; those without a token are left out. Texts
 * of all calls count, and once they are told apart nothing more is checked; nor is it of a model that has
 * `proven` with other texts that it tells them apart: some users, or items, may be alike.
 */
export function createApartCheck(proven = false): ApartCheck {
  if (proven) return () => {};
  const apart = createTextsApart(LEAST_SPREAD_HERE);
  return (texts, rowOf, task) => {
    if (apart.areApart) return;
    for (const [i, tokens] of texts.entries()) if (tokens.length > 0) apart.add(digest(tokens), rowOf(i));
    if (apart.texts < TEXTS_TO_JUDGE_BY || apart.areApart) return;
    throw new TslrecError(
      'bad-data',
      `${task}: the language model ${sameForAll(apart.texts)}, expected rows that tell them apart; its ` +
        'weights are damaged or of another model: copy its folder again.',
    );
  };
}

/** How many different texts there are, how many different rows they have, and how many share theirs. */
export function countRows(
  texts: readonly string[],
  rows: Float32Array,
): { readonly texts: number; readonly rows: number; readonly sharing: number } {
  const w = rows.length / texts.length;
  const textsOf = new Map<string, number>();
  const different = new Set(texts.filter((text) => text !== ''));
  const left = new Set(different);
  texts.forEach((text, i) => {
    if (!left.delete(text)) return;
    const row = digest(rows.subarray(i * w, (i + 1) * w));
    textsOf.set(row, (textsOf.get(row) ?? 0) + 1);
  });
  const shared = [...textsOf.values()].filter((count) => count > 1);
  return {
    texts: different.size,
    rows: textsOf.size,
    sharing: shared.reduce((total, count) => total + count, 0),
  };
}

const digest = ({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): string =>
  createHash('sha1')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('base64');
