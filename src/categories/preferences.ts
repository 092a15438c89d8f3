// A user's preference distribution: the share of the user's interactions that falls into each latent
// category,
//   p_u[k] = |{i in S_u : c(i) = k}| / |S_u|            (TSLRec, arXiv 2406.00333, stage 1)
// where S_u are training interactions whose item has a category.
//   U users, K categories; the result is [U, K], row-major, and each row sums to 1.
import { NO_CATEGORY } from './k-means.ts';

/**
 * A user without any such interaction is given what an average user prefers, the mean of the other users'
 * distributions (uniform if there are none): that says the least about the user and keeps every row a
 * distribution.
 */
export function userPreferences(
  train: readonly Int32Array[],
  categories: Int32Array,
  categoryCount: number,
): Float32Array {
  const preferences = new Float32Array(train.length * categoryCount);
  const mean = new Float64Array(categoryCount);
  const unknown: number[] = [];
  train.forEach((sequence, user) => {
    const p = preferences.subarray(user * categoryCount, (user + 1) * categoryCount);
    const known = sequence.filter((item) => categories[item] !== NO_CATEGORY);
    if (known.length === 0) unknown.push(user);
    for (const item of known) p[categories[item]]++;
    for (let k = 0; k < categoryCount && known.length > 0; k++) {
      p[k] /= known.length;
      mean[k] += p[k];
    }
  });
  const knownUsers = train.length - unknown.length;
  const average = mean.map((sum) => (knownUsers > 0 ? sum / knownUsers : 1 / categoryCount));
  for (const user of unknown) preferences.set(average, user * categoryCount);
  return preferences;
}
