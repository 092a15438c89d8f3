import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adjustedRandIndex } from '../../src/categories/adjusted-rand-index.ts';
import { assignCategories, kMeans, means, plusPlus } from '../../src/categories/k-means.ts';
import { createRandom } from '../../src/random.ts';
import { unitRows } from '../../src/unit-rows.ts';

const rows = (...values: number[][]) => Float32Array.from(values.flat());

test('three directions in the plane: lengths do not matter, centroids are unit rows, inertia by hand', () => {
  const vectors = rows([1, 0], [9, 0], [0, 2], [0, 5], [-3, -4], [-4, -3]);
  const { centroids, categories, inertia } = kMeans(vectors, { dimension: 2, clusterCount: 3, seed: 1 });
  assert.equal(categories[0], categories[1]);
  assert.equal(categories[2], categories[3]);
  assert.equal(categories[4], categories[5]);
  assert.equal(new Set(categories).size, 3);
  const half = Math.SQRT1_2;
  const c = categories[4];
  assert.ok(Math.abs(centroids[2 * c] + half) < 1e-6 && Math.abs(centroids[2 * c + 1] + half) < 1e-6);
  // Only the last two rows are off their centroid: cosine (3 + 4) / (5 sqrt 2) each.
  assert.ok(Math.abs(inertia - 2 * (1 - 7 / (5 * Math.SQRT2))) < 1e-6);
});

test('24 separated clusters of 50 rows in 16 dimensions are found again: ARI 1', () => {
  const random = createRandom('clusters');
  const centres = Float32Array.from({ length: 24 * 16 }, () => random.normal());
  const truth = Int32Array.from({ length: 1_200 }, (_, row) => row % 24);
  const vectors = Float32Array.from(
    { length: 1_200 * 16 },
    (_, i) => centres[truth[Math.floor(i / 16)] * 16 + (i % 16)] + 0.1 * random.normal(),
  );
  const options = { dimension: 16, clusterCount: 24, seed: 7 };
  const found = kMeans(vectors, options);
  assert.equal(adjustedRandIndex(found.categories, truth), 1);
  assert.deepEqual(kMeans(vectors, options), found); // the same seed, the same answer
  assert.deepEqual(assignCategories(vectors, found.centroids, 16), found.categories);
  const shuffledTruth = createRandom(1).shuffle(truth.slice());
  assert.ok(Math.abs(adjustedRandIndex(found.categories, shuffledTruth)) < 0.02);
});

test('rows left out and rows of zeros have category -1 and move no centroid', () => {
  const vectors = rows([1, 0], [0, 0], [0, 1], [-1, -1], [2, 0]);
  const { centroids, categories } = kMeans(vectors, {
    dimension: 2,
    clusterCount: 2,
    seed: 1,
    isLeftOut: (row) => row === 3,
  });
  assert.deepEqual([categories[1], categories[3]], [-1, -1]);
  assert.equal(categories[0], categories[4]);
  assert.deepEqual([...centroids].sort(), [0, 0, 1, 1]);
  // A later item gets the nearest category, one without a direction none.
  assert.deepEqual([...assignCategories(rows([3, 1], [0, 0]), centroids, 2)], [categories[0], -1]);
});

test('more categories than distinct directions: K falls to their number', () => {
  const vectors = rows([1, 0], [2, 0], [0, 1], [0, 0.1], [0, 3]);
  const { centroids, inertia } = kMeans(vectors, { dimension: 2, clusterCount: 64, seed: 1 });
  assert.equal(centroids.length, 2 * 2);
  assert.ok(inertia < 1e-12);
});

test('no category is left empty', () => {
  const random = createRandom('empty');
  for (let seed = 0; seed < 20; seed++) {
    const vectors = Float32Array.from({ length: 40 * 3 }, () => random.normal());
    const { categories } = kMeans(vectors, { dimension: 3, clusterCount: 20, seed });
    assert.equal(new Set(categories).size, 20);
  }
});

test('a centroid is the direction of the sum of its rows; without rows it takes the farthest ones', () => {
  const unit = Float64Array.of(1, 0, 0, 1, -1, 0, 0.6, 0.8);
  const moved = means(unit, 2, {
    centroids: new Float64Array(3 * 2),
    categories: Int32Array.of(0, 0, 0, 0),
    distances: Float64Array.of(0.3, 0, 0.9, 0.4),
  });
  // The rows sum to (0.6, 1.8); the third is the farthest, then the last.
  const wanted = [0.6 / Math.hypot(0.6, 1.8), 1.8 / Math.hypot(0.6, 1.8), -1, 0, 0.6, 0.8];
  wanted.forEach((x, i) => {
    assert.ok(Math.abs(moved[i] - x) < 1e-12, `${i}: ${moved}`);
  });
});

test('of a few starts the best: the corners of a rectangle are never parted the long way', () => {
  // One start in 20 takes two corners of a short side for its centroids, and then stays there.
  const corners = rows([0.11, 0.1, 1], [0.11, -0.1, 1], [-0.11, 0.1, 1], [-0.11, -0.1, 1]);
  for (let seed = 0; seed < 300; seed++) {
    const [a, b, c, d] = kMeans(corners, { dimension: 3, clusterCount: 2, seed }).categories;
    assert.ok(a === b && c === d && a !== c, `seed ${seed}: ${[a, b, c, d]}`);
  }
});

test('it goes on until hardly anything is gained', () => {
  const random = createRandom('converged');
  const unit = unitRows(
    Float64Array.from({ length: 4_000 }, () => random.normal()),
    4,
  );
  const { categories, inertia } = kMeans(Float32Array.from(unit), {
    dimension: 4,
    clusterCount: 20,
    seed: 1,
  });
  const next = means(unit, 4, {
    ...{ centroids: new Float64Array(20 * 4), categories, distances: new Float64Array(1_000) },
  });
  const nearest = assignCategories(Float32Array.from(unit), Float32Array.from(next), 4);
  const left = nearest.reduce((sum, k, row) => {
    let cosine = 0;
    for (let j = 0; j < 4; j++) cosine += unit[4 * row + j] * next[4 * k + j];
    return sum + 1 - cosine;
  }, 0);
  assert.ok(left > inertia * (1 - 1e-3), `one step more: ${left} instead of ${inertia}`);
});

test('where two centroids are as near, the first is taken', () => {
  assert.deepEqual([...assignCategories(rows([1, 1]), rows([1, 0], [0, 1], [1, 0]), 2)], [0]);
});

test('nothing to group is refused', () => {
  assert.throws(() => kMeans(rows([0, 0]), { dimension: 2, clusterCount: 2, seed: 1 }), { code: 'bad-data' });
  assert.throws(() => kMeans(rows([1, 0]), { dimension: 2, clusterCount: 0, seed: 1 }), {
    code: 'bad-request',
  });
});

/** `count` times (cosine, sine). */
const times = (count: number, cosine: number) =>
  Array.from({ length: count }, () => [cosine, Math.sqrt(1 - cosine ** 2)]).flat();

test('k-means++ draws by distance: a direction that has a centroid already is not drawn again', () => {
  const three = Float64Array.from([...times(200, 1), ...times(1, 0), ...times(1, -1)]);
  for (let seed = 0; seed < 50; seed++) {
    const centroids = plusPlus(three, 2, 3, createRandom(seed));
    assert.deepEqual([...centroids.filter((_, i) => i % 2 === 0)].sort(), [-1, 0, 1]);
  }
});

test('k-means++ draws by distance and keeps the better of two draws: three of four times by hand', () => {
  // From (1, 0), where most rows are, one row lies at 1 - cosine = 2, eight lie at 1/4: half the distance is
  // the one row's, half is the eight's. The eight leave 7/4 to go and the one leaves 2, so that they are
  // kept unless both draws hit the one: 1 - (1/2)^2. By equal shares of rows they would be kept 99 times of
  // 100, by distances squared once more 21 times, of a single draw 50 times.
  const rows = Float64Array.from([...times(1_000, 1), ...times(8, 0.75), ...times(1, -1)]);
  const seconds = Array.from({ length: 400 }, (_, seed) => plusPlus(rows, 2, 2, createRandom(seed)))
    .filter(([first]) => first === 1)
    .map(([, , second]) => second);
  assert.ok(seconds.length > 350);
  const eight = seconds.filter((second) => second === 0.75).length / seconds.length;
  // The standard error is 0.022.
  assert.ok(Math.abs(eight - 0.75) < 0.1, `${eight}`);
});

test('adjusted Rand index by hand', () => {
  const ari = (a: number[], b: number[]) => adjustedRandIndex(Int32Array.from(a), Int32Array.from(b));
  assert.equal(ari([0, 0, 1, 1], [5, 5, 2, 2]), 1); // names do not matter
  // Pairs together: 1 in both, 2 in a, 1 in b, of 6. Expected 2 * 1 / 6 = 1/3, at most (2 + 1) / 2 = 3/2.
  // = 4/7, as in scikit-learn's manual.
  assert.equal(ari([0, 0, 1, 1], [0, 0, 1, 2]), (1 - 1 / 3) / (3 / 2 - 1 / 3));
  assert.equal(ari([0, 0, 1, 1], [0, 1, 0, 1]), (0 - 2 / 3) / (2 - 2 / 3)); // = -1/2
  assert.equal(ari([0, 0, 0, 0], [0, 1, 2, 3]), 0);
  assert.equal(ari([0, 0, -1, 1, 1, 0], [5, 5, 1, 2, 2, -1]), 1); // rows without a group are left out
  assert.equal(ari([0, 0], [3, 3]), 1);
});
