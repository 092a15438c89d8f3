// The generative form of a user-level SFT sample: the preference distribution as the words of an answer, for
// models that only generate, and the way back from what a model answered. Legend: K categories.
//   {"7": 0.5, "12": 0.333, "40": 0.167}      the likeliest category first, those that round to nothing left
//   out
import { duplicateKey, jsonValue } from '../json.ts';

const DIGITS = 3;
/** How far from 1 the shares of an answer may sum: rounding, and a model that is not exact, are forgiven. */
const SUM_TOLERANCE = 0.1;

/** Empty, or with a name in quotes at its beginning: other braces are words. */
const JSON_OBJECT = /\{\s*(?:"[^{}]*)?\}/;
/** In whatever quotes: more than words in braces, and no object that has ended. */
const BEGUN_OBJECT = /\{\s*(?:["']|\d+\s*:)/;

const REPEATS_ITS_OBJECT = new RegExp(`^\\s*(?:\`\`\`(?:json)?\\s*)?(${JSON_OBJECT.source})[\\s\`]*\\1`);

/**
 * Whether what has come of an answer is enough to read it. Behind an object another one may follow, of which
 * the first was the draft, so that the end is waited for, but for a model that says the same object again and
 * would do so without end.
 */
export const isComplete = (answer: string): boolean => REPEATS_ITS_OBJECT.test(answer);

/** target [K] -> JSON. */
export function answerOf(target: Float32Array): string {
  const shares = Array.from(target, (share, category) => ({ category, share: Number(share.toFixed(DIGITS)) }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share || a.category - b.category);
  return `{${shares.map(({ category, share }) => `"${category}": ${share}`).join(', ')}}`;
}

/**
 * What a model answered -> [K], sums to 1; or in a few words what is wrong with it. Words around the JSON do
 * not matter. Of several objects the last one counts: whoever drafts, in whatever form, answers behind the
 * draft. An answer whose last object has only begun has none.
 */
export function parseAnswer(answer: string, K: number): Float32Array | string {
  const found = [...answer.matchAll(new RegExp(JSON_OBJECT, 'g'))].at(-1);
  if (found === undefined) return 'it holds no JSON object';
  const [json] = found;
  if (BEGUN_OBJECT.test(answer.slice(found.index + json.length)))
    return 'its last JSON object cannot be read';
  const shares = jsonValue(json);
  if (shares === undefined) return 'its JSON cannot be read';
  const twice = duplicateKey(json, shares);
  if (twice !== undefined) return `category ${twice.key} stands twice in it`;
  const distribution = new Float32Array(K);
  const seen = new Set<number>();
  for (const [key, share] of Object.entries(shares as object)) {
    const category = /^\d+$/.test(key) ? Number(key) : Number.NaN;
    if (!(category < K)) return `"${key}" is no category from 0 to ${K - 1}`;
    if (seen.has(category)) return `category ${category} stands twice in it`; // as 7 and 07
    if (typeof share !== 'number' || share < 0) return `the share of category ${key} is no number from 0 on`;
    seen.add(category);
    distribution[category] = share;
  }
  const sum = distribution.reduce((total, share) => total + share, 0);
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) return `its shares sum to ${sum.toFixed(DIGITS)}, not to 1`;
  return distribution.map((share) => share / sum);
}
