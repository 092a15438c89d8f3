// The generative form of a user-level SFT sample: the preference distribution as the words of an answer, for
// models that only generate, and the way back from what a model answered. Legend: K categories.
//   {"7": 0.5, "12": 0.333, "40": 0.167}      the likeliest category first, those that round to nothing left
//   out

const DIGITS = 3;
/** How far from 1 the shares of an answer may sum: rounding, and a model that is not exact, are forgiven. */
const SUM_TOLERANCE = 0.1;

/** Empty, or with a name in quotes at its beginning: other braces are words. */
const JSON_OBJECT = /\{\s*(?:"[^{}]*)?\}/;

const BEGINS_WITH_OBJECT = new RegExp(`^\\s*(?:\`\`\`(?:json)?\\s*)?${JSON_OBJECT.source}`);

/**
 * Whether what has come of an answer is enough to read it: one that begins with the object needs no more.
 * Behind words the end is waited for, because they may be a draft, and an object in it no answer.
 */
export const isComplete = (answer: string): boolean => BEGINS_WITH_OBJECT.test(answer);

/** target [K] -> JSON. */
export function answerOf(target: Float32Array): string {
  const shares = Array.from(target, (share, category) => ({ category, share: Number(share.toFixed(DIGITS)) }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share || a.category - b.category);
  return `{${shares.map(({ category, share }) => `"${category}": ${share}`).join(', ')}}`;
}

/**
 * What a model answered -> [K], sums to 1; or in a few words what is wrong with it. Words around the JSON do
 * not matter.
 */
export function parseAnswer(answer: string, K: number): Float32Array | string {
  const json = JSON_OBJECT.exec(answer)?.[0];
  if (json === undefined) return 'it holds no JSON object';
  let shares: unknown;
  try {
    shares = JSON.parse(json);
  } catch {
    return 'its JSON cannot be read';
  }
  const distribution = new Float32Array(K);
  for (const [key, share] of Object.entries(shares as object)) {
    const category = /^\d+$/.test(key) ? Number(key) : Number.NaN;
    if (!(category < K)) return `"${key}" is no category from 0 to ${K - 1}`;
    if (typeof share !== 'number' || share < 0) return `the share of category ${key} is no number from 0 on`;
    distribution[category] = share;
  }
  const sum = distribution.reduce((total, share) => total + share, 0);
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) return `its shares sum to ${sum.toFixed(DIGITS)}, not to 1`;
  return distribution.map((share) => share / sum);
}
