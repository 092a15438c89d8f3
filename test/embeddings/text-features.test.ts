import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fitTextFeatures, textTransform } from '../../src/embeddings/text-features.ts';
import { fitTermWeights, type SparseMatrix, termWeighing } from '../../src/embeddings/tf-idf.ts';
import { truncatedSvd } from '../../src/embeddings/truncated-svd.ts';
import { createRandom } from '../../src/random.ts';

interface Fixture {
  texts: string[];
  later: string[];
  terms: string[];
  weights: [column: number, weight: number][][];
  laterWeights: [column: number, weight: number][][];
  singularValues: number[];
  components: number[][];
  vectors: number[][];
  laterVectors: number[][];
}
// Made by scikit-learn 1.9.1; the script lies beside it.
const sklearn: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/text-features.json', import.meta.url), 'utf8'),
);
const options = { width: 3, seed: 1 };

function assertClose(actual: ArrayLike<number>, expected: number[], tolerance: number, what: string) {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, i) => {
    assert.ok(
      Math.abs(actual[i] - value) <= tolerance,
      `${what} [${i}]: ${actual[i]}, scikit-learn ${value}`,
    );
  });
}

function rowsOf({ rowCount, rowStart, columns, values }: SparseMatrix): [number, number][][] {
  return Array.from({ length: rowCount }, (_, row) =>
    Array.from(columns.subarray(rowStart[row], rowStart[row + 1]), (column, e) => [
      column,
      values[rowStart[row] + e],
    ]),
  );
}

test('TF-IDF by hand: both texts have "red", idf ln(3/3) + 1 = 1; terms of one text are left out', () => {
  const weights = fitTermWeights(['red red tent', 'A red stove', ''], 1);
  assert.deepEqual(weights.terms, ['red']); // "a" is too short a word
  assert.deepEqual([...weights.inverseDocumentFrequency], [Math.log(4 / 3) + 1]);
  assert.deepEqual(rowsOf(termWeighing(weights)(['red red tent', '', 'blue'])), [[[0, 1]], [], []]);
  // Red is in 3 of 4.
  assert.deepEqual(fitTermWeights(['red', 'red', 'blue', 'blue red'], 0.5).terms, ['blue']);
});

test('vocabulary, weights and rows are those of TfidfVectorizer in its settings to 1e-6', () => {
  const weights = fitTermWeights(sklearn.texts, 1);
  assert.deepEqual(weights.terms, sklearn.terms);
  for (const [texts, expected] of [
    [sklearn.texts, sklearn.weights],
    [sklearn.later, sklearn.laterWeights],
  ] as const)
    rowsOf(termWeighing(weights)(texts)).forEach((row, i) => {
      assert.deepEqual(
        row.map(([column]) => column),
        expected[i].map(([column]) => column),
      );
      assertClose(
        row.map(([, weight]) => weight),
        expected[i].map(([, weight]) => weight),
        1e-6,
        `text ${i}`,
      );
    });
});

test('singular values, components and vectors are those of TruncatedSVD to 1e-4', () => {
  const { vectors, model } = fitTextFeatures(sklearn.texts, options);
  assertClose(model.singularValues, sklearn.singularValues, 1e-4, 'singular values');
  const components = sklearn.terms.flatMap((_, term) =>
    sklearn.components.map((component) => component[term]),
  );
  assertClose(model.components, components, 1e-4, 'components');
  assertClose(vectors, sklearn.vectors.flat(), 1e-4, 'vectors');
  assertClose(textTransform(model)(sklearn.later), sklearn.laterVectors.flat(), 1e-4, 'later vectors');
});

test('a fitted model gives its own texts the same vectors, and a text without known terms zeros', () => {
  const { vectors, model } = fitTextFeatures(sklearn.texts, options);
  sklearn.texts.forEach((text, i) => {
    assert.deepEqual(textTransform(model)([text]), vectors.subarray(3 * i, 3 * i + 3));
  });
  assert.deepEqual([...textTransform(model)(['', 'zzz'])], Array(6).fill(0));
  // The same seed, the same vectors.
  assert.deepEqual(fitTextFeatures(sklearn.texts, options).vectors, vectors);
});

test('the width falls to what the texts span', () => {
  const { vectors, model } = fitTextFeatures(['red', 'red', 'blue', 'blue', ''], { width: 64, seed: 1 });
  assert.equal(model.width, 2);
  assert.equal(vectors.length, 5 * 2);
  for (const value of model.singularValues) assert.ok(Math.abs(value - Math.SQRT2) < 1e-9); // each word twice
  assert.equal(fitTextFeatures(['one', 'two'], { width: 4, seed: 1 }).model.width, 0);
  assert.equal(fitTextFeatures([], { width: 4, seed: 1 }).vectors.length, 0);
});

test('a matrix with singular values 50 * 0.8^i: the first 20 to 1e-6, their vectors the unit axes', () => {
  // Row i has its only entry, 50 * 0.8^i, in column (7 i) mod 50, and the rows are in random order.
  const order = createRandom('rows').shuffle(Int32Array.from({ length: 50 }, (_, i) => i));
  const diagonal: SparseMatrix = {
    rowCount: 50,
    columnCount: 50,
    rowStart: Int32Array.from({ length: 51 }, (_, row) => row),
    columns: order.map((i) => (7 * i) % 50),
    values: Float64Array.from(order, (i) => 50 * 0.8 ** i),
  };
  const { singularValues, components } = truncatedSvd(diagonal, 20, 1);
  singularValues.forEach((s, i) => {
    assert.ok(Math.abs(s / (50 * 0.8 ** i) - 1) < 1e-6, `${i}: ${s}`);
    assert.ok(components[((7 * i) % 50) * 20 + i] > 1 - 1e-4);
  });
});
