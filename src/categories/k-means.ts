// Latent categories: cosine k-means over item vectors (spherical k-means, Dhillon & Modha 2001), started by
// k-means++ (Arthur & Vassilvitskii 2007), the best of a few starts. Rows are scaled to unit length first, so
// that an item's category follows its direction: in a recommender the length of a vector mostly says how
// popular the item is.
//   vectors [N, d], centroids [K, d] unit rows, categories [N]; all row-major.
import { TslrecError } from '../errors.ts';
import { createRandom, type Random } from '../random.ts';
import { unitRows } from '../unit-rows.ts';

/**
 * The category of a row that has none: one that was left out, or a vector of zeros, which has no direction.
 */
export const NO_CATEGORY = -1;

export interface KMeansOptions {
  readonly dimension: number;
  readonly clusterCount: number;
  readonly seed: string | number;
  /**
   * isLeftOut(row): rows such as items without interactions, whose vectors mean nothing. They get
   * NO_CATEGORY.
   */
  readonly isLeftOut?: (row: number) => boolean;
}

export interface KMeansResult {
  /** [K, d]. K is less than `clusterCount` where there are fewer distinct directions than that. */
  readonly centroids: Float32Array;
  readonly categories: Int32Array;
  /** Sum over rows of 1 - cosine(row, its centroid). */
  readonly inertia: number;
}

const STARTS = 4;
/** Every start is given this many iterations; only the best goes on. */
const TRIAL_ITERATIONS = 4;
const MAX_ITERATIONS = 50;
/** Iterations end when the inertia falls by less than this share. */
const TOLERANCE = 1e-4;
/** Two rows that are nearer than this, in single precision, are the same direction. */
const SAME_DIRECTION = 1e-6;

export function kMeans(vectors: Float32Array, options: KMeansOptions): KMeansResult {
  const { dimension, clusterCount, seed, isLeftOut = () => false } = options;
  if (!Number.isInteger(clusterCount) || clusterCount < 1)
    throw new TslrecError(
      'bad-request',
      `got ${clusterCount} categories, expected a whole number of at least 1`,
    );
  const unit = unitRows(vectors, dimension);
  const used: number[] = [];
  for (let row = 0; row < vectors.length / dimension; row++)
    if (!isLeftOut(row) && !isZero(unit, row, dimension)) used.push(row);
  if (used.length === 0)
    throw new TslrecError(
      'bad-data',
      'no item has a vector to find categories from: all are left out or zero',
    );

  const rows = selectRows(unit, used, dimension);
  const random = createRandom(seed).fork('k-means');
  let best: Clustering | undefined;
  for (let start = 0; start < STARTS; start++) {
    const centroids = plusPlus(rows, dimension, clusterCount, random.fork(start));
    const trial = iterate(rows, dimension, nearest(rows, centroids, dimension), TRIAL_ITERATIONS);
    if (best === undefined || trial.inertia < best.inertia) best = trial;
  }
  const { centroids, categories: ofUsed, inertia } = iterate(rows, dimension, best!, MAX_ITERATIONS);

  const categories = new Int32Array(vectors.length / dimension).fill(NO_CATEGORY);
  used.forEach((row, i) => {
    categories[row] = ofUsed[i];
  });
  return { centroids: Float32Array.from(centroids), categories, inertia };
}

/** The category of each vector among centroids found before; rows of zeros get NO_CATEGORY. */
export function assignCategories(
  vectors: Float32Array,
  centroids: Float32Array,
  dimension: number,
): Int32Array {
  const unit = unitRows(vectors, dimension);
  const { categories } = nearest(unit, Float64Array.from(centroids), dimension);
  return categories.map((category, row) => (isZero(unit, row, dimension) ? NO_CATEGORY : category));
}

interface Clustering {
  readonly centroids: Float64Array;
  readonly categories: Int32Array;
  /** distances[row] = 1 - cosine(row, its centroid), and their sum. */
  readonly distances: Float64Array;
  readonly inertia: number;
}

function iterate(rows: Float64Array, dimension: number, from: Clustering, iterations: number): Clustering {
  let current = from;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = nearest(rows, means(rows, dimension, current), dimension);
    const gain = current.inertia - next.inertia;
    if (gain > 0) current = next;
    if (gain <= TOLERANCE * current.inertia) break;
  }
  return current;
}

/**
 * The first centroid is any row; each next one is drawn by its distance to the nearest centroid so far. Of
 * 2 + ln K such draws the one that brings all rows nearest is kept (greedy k-means++, as scikit-learn does
 * it). rows [n, d] of unit length -> centroids [K, d]; fewer where rows have fewer distinct directions.
 */
export function plusPlus(
  rows: Float64Array,
  dimension: number,
  clusterCount: number,
  random: Random,
): Float64Array {
  const n = rows.length / dimension;
  const draws = 2 + Math.floor(Math.log(clusterCount));
  const chosen: number[] = [];
  const distances = new Float64Array(n).fill(Infinity);
  let total = Infinity;
  while (chosen.length < clusterCount && total > 0) {
    const candidates =
      chosen.length === 0
        ? [random.integer(n)]
        : Array.from({ length: draws }, () => draw(distances, total, random));
    const totals = new Float64Array(candidates.length);
    const toCandidates = candidates.map(() => new Float64Array(n));
    forEachRow(rows, selectRows(rows, candidates, dimension), dimension, (row, cosines) => {
      for (let c = 0; c < candidates.length; c++) {
        const distance = 1 - cosines[c] < SAME_DIRECTION ? 0 : 1 - cosines[c];
        toCandidates[c][row] = Math.min(distances[row], distance);
        totals[c] += toCandidates[c][row];
      }
    });
    total = Math.min(...totals);
    const best = totals.indexOf(total);
    chosen.push(candidates[best]);
    distances.set(toCandidates[best]);
  }
  return selectRows(rows, chosen, dimension);
}

/**
 * A row, by weight. On unit rows |x - y|^2 = 2 (1 - cosine): our distance is the squared one that k-means++
 * asks for.
 */
function draw(weights: Float64Array, total: number, random: Random): number {
  let left = random.next() * total;
  let drawn = -1;
  for (let row = 0; row < weights.length && left >= 0; row++) {
    if (weights[row] === 0) continue;
    left -= weights[row];
    drawn = row;
  }
  return drawn;
}

/**
 * Each centroid is the direction of its rows' sum. One without rows moves to the row that lies farthest from
 * its own.
 */
export function means(
  rows: Float64Array,
  dimension: number,
  { centroids, categories, distances }: Pick<Clustering, 'centroids' | 'categories' | 'distances'>,
): Float64Array {
  const sums = new Float64Array(centroids.length);
  for (let row = 0; row < categories.length; row++) {
    const from = row * dimension;
    const to = categories[row] * dimension;
    for (let j = 0; j < dimension; j++) sums[to + j] += rows[from + j];
  }
  let byDistance: number[] | undefined;
  for (let k = 0; k < centroids.length / dimension; k++) {
    if (!isZero(sums, k, dimension)) continue;
    byDistance ??= Array.from(distances.keys()).sort((a, b) => distances[a] - distances[b]);
    const farthest = byDistance.pop()!;
    sums.set(rows.subarray(farthest * dimension, (farthest + 1) * dimension), k * dimension);
  }
  return unitRows(sums, dimension);
}

/** Where two centroids are as near, the first. */
function nearest(rows: Float64Array, centroids: Float64Array, dimension: number): Clustering {
  const categories = new Int32Array(rows.length / dimension);
  const distances = new Float64Array(categories.length);
  let inertia = 0;
  forEachRow(rows, centroids, dimension, (row, cosines) => {
    let best = 0;
    for (let k = 1; k < cosines.length; k++) if (cosines[k] > cosines[best]) best = k;
    categories[row] = best;
    distances[row] = Math.max(0, 1 - cosines[best]);
    inertia += distances[row];
  });
  return { centroids, categories, distances, inertia };
}

/** Calls `use` with each row's cosines to the centroids, [K], a buffer that is used again. */
function forEachRow(
  rows: Float64Array,
  centroids: Float64Array,
  dimension: number,
  use: (row: number, cosines: Float64Array) => void,
): void {
  const cosines = new Float64Array(centroids.length / dimension);
  for (let row = 0; row < rows.length / dimension; row++) {
    const x = row * dimension;
    // Four centroids at a time: each number of the row is loaded once for the four, which more than halves
    // the time.
    let k = 0;
    for (; k + 4 <= cosines.length; k += 4) {
      const c0 = k * dimension;
      const c1 = c0 + dimension;
      const c2 = c1 + dimension;
      const c3 = c2 + dimension;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let j = 0; j < dimension; j++) {
        const value = rows[x + j];
        s0 += value * centroids[c0 + j];
        s1 += value * centroids[c1 + j];
        s2 += value * centroids[c2 + j];
        s3 += value * centroids[c3 + j];
      }
      cosines[k] = s0;
      cosines[k + 1] = s1;
      cosines[k + 2] = s2;
      cosines[k + 3] = s3;
    }
    for (; k < cosines.length; k++) {
      let sum = 0;
      for (let j = 0; j < dimension; j++) sum += rows[x + j] * centroids[k * dimension + j];
      cosines[k] = sum;
    }
    use(row, cosines);
  }
}

function selectRows(matrix: Float64Array, rows: readonly number[], dimension: number): Float64Array {
  const selected = new Float64Array(rows.length * dimension);
  rows.forEach((row, i) => {
    selected.set(matrix.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return selected;
}

function isZero(matrix: Float64Array, row: number, dimension: number): boolean {
  for (let j = row * dimension; j < (row + 1) * dimension; j++) if (matrix[j] !== 0) return false;
  return true;
}
