import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitRows } from '../../src/unit-rows.ts';
import { drawHeldOut, withoutInteractions } from './held-out-items.ts';
import { bestOf, cosines } from './nearest.ts';
import { chanceFigures, neighbourhoodFigures, trueNeighbourhoods } from './neighbourhoods.ts';

const sequences = [[0, 1, 2, 1, 3], [4, 1, 1], [3, 1, 2], []].map((sequence) => Int32Array.from(sequence));

const close = (actual: object, expected: Readonly<Record<string, number>>) => {
  for (const [name, value] of Object.entries(actual)) {
    assert.ok(Math.abs(value - expected[name]) < 1e-12, `${name}: ${value}, not ${expected[name]}`);
  }
};

test('a neighbour counts as often as it stands directly beside, if it is warm and another item', () => {
  const [of1, of9] = trueNeighbourhoods(sequences, [1, 9], new Set([0, 2, 3])).values();
  assert.deepEqual(of1, new Map([0, 2, 3].map((neighbour, i) => [neighbour, [1, 3, 2][i]])));
  assert.equal(of9.size, 0);
});

test('three true neighbours, beside it 1, 3 and 2 times, two of them ranked second and eleventh', () => {
  const others = [50, 51, 52, 53, 54, 55, 56, 57];
  const figures = neighbourhoodFigures(
    [49, 3, ...others, 0],
    new Map([
      [0, 1],
      [2, 3],
      [3, 2],
    ]),
  );
  close(figures, {
    'hit@10': 1,
    'hit@20': 1,
    'recall@10': 1 / 3,
    'recall@20': 2 / 3,
    'ndcg@10': 2 / Math.log2(3) / (3 + 2 / Math.log2(3) + 1 / 2),
  });
});

test('recall is of at most k: of twelve true neighbours the best ten are all that fit in ten', () => {
  const g = new Map(Array.from({ length: 12 }, (_, i) => [i, 1]));
  const figures = neighbourhoodFigures([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], g);
  close(figures, { 'hit@10': 1, 'hit@20': 1, 'recall@10': 1, 'recall@20': 11 / 12, 'ndcg@10': 1 });
});

test('chance: one true neighbour of 40 is in ten with 1/4, two of 21 are missed by twenty never', () => {
  let discounts = 0;
  for (let r = 0; r < 10; r++) discounts += 1 / Math.log2(r + 2);
  const one = { 'hit@10': 1 / 4, 'hit@20': 1 / 2, 'recall@10': 1 / 4, 'recall@20': 1 / 2 };
  close(chanceFigures(40, new Map([[7, 5]])), { ...one, 'ndcg@10': discounts / 40 });

  const g = new Map([
    [0, 1],
    [1, 1],
  ]);
  const missedByTen = ((11 / 21) * 10) / 20;
  const ndcg = ((2 / 21) * discounts) / (1 + 1 / Math.log2(3));
  const two = { 'hit@10': 1 - missedByTen, 'hit@20': 1, 'recall@10': 10 / 21, 'recall@20': 20 / 21 };
  close(chanceFigures(21, g), { ...two, 'ndcg@10': ndcg });
});

test('a tenth of the items with interactions, the same for a seed; sequences close up around them', () => {
  const long = [Int32Array.from({ length: 50 }, (_, i) => 2 * i)];
  const drawn = drawHeldOut(long, 0.1, 1);
  assert.equal(new Set(drawn).size, 5);
  assert.ok(drawn.every((item) => item % 2 === 0 && item < 100));
  assert.deepEqual(drawHeldOut(long, 0.1, 1), drawn);
  assert.notDeepEqual(drawHeldOut(long, 0.1, 2), drawn);

  const dataset = {
    name: 'test',
    items: Array.from({ length: 5 }, (_, i) => ({ itemId: String(i), attributes: {} })),
    userIds: ['a', 'b', 'c', 'd'],
    sequences,
    times: sequences.map((sequence) => Float64Array.from(sequence.keys())),
    hash: 'of all',
  };
  const left = withoutInteractions(dataset, new Set([1]));
  assert.deepEqual(
    left.sequences.map((sequence) => [...sequence]),
    [[0, 2, 3], [4], [3, 2], []],
  );
  assert.deepEqual(
    left.times.map((times) => [...times]),
    [[0, 2, 4], [0], [0, 2], []],
  );
  assert.equal(left.items, dataset.items);
  assert.notEqual(left.hash, dataset.hash);
});

test('nearest by cosine: (3, 4) to (6, 8) is 1, to (4, -3) 0, to nothing 0; a tie: the lower index', () => {
  const rows = unitRows(Float32Array.of(3, 4, 4, -3, 0, 0, 6, 8, -3, -4), 2);
  const scores = cosines(rows, 2, 0);
  [1, 0, 0, 1, -1].forEach((cosine, item) => {
    assert.ok(Math.abs(scores[item] - cosine) < 1e-6);
  });
  assert.deepEqual(bestOf([1, 0, 0, 1, -1], [4, 3, 2, 1], 3), [3, 1, 2]);
});
