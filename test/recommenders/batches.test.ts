import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import { SEQUENCE_MODELS } from '../../src/recommenders/models.ts';
import {
  batchSizeOf,
  chooseBatchShape,
  fillBatch,
  historyBatch,
  nextItemWindows,
  packWindows,
  placesOf,
} from '../../src/recommenders/training/batches.ts';
import { drawNegatives } from '../../src/recommenders/training/losses.ts';
import { maskedWindows } from '../../src/recommenders/training/masked-windows.ts';
import { createNegativeSampler } from '../../src/recommenders/training/negatives.ts';
import { N, profile } from '../support/planted.ts';

test('a history of 6 in windows of 3: the last three pairs, then the first two', () => {
  const windows = nextItemWindows([Int32Array.of(10, 11, 12, 13, 14, 15)], 3);
  assert.deepEqual(
    windows.map(({ start, length }) => [start, length]),
    [
      [2, 3],
      [0, 2],
    ],
  );
});

test('every next item of every user is a target exactly once an epoch, after the item before it', () => {
  const random = createRandom(5);
  const sequences = Array.from({ length: 40 }, (_, u) =>
    Int32Array.from({ length: random.integer(12) }, (_, i) => u * 100 + i),
  );
  const windows = nextItemWindows(sequences, 4);
  const shape = chooseBatchShape(windows, { batchSize: 8, positionsPerStep: 100 });
  const pairs: string[] = [];
  for (const taken of packWindows(windows, shape, random)) {
    const batch = fillBatch(
      taken.map((window) => window.row(random)),
      shape,
    );
    batch.forward.forEach((position, r) => {
      if (batch.weights[r] === 0) {
        assert.equal(position, placesOf(shape));
      } else {
        assert.equal(batch.backward[position], r);
        pairs.push(`${batch.items[position]}>${batch.targets[r]}`);
      }
    });
    const total = batch.weights.reduce((sum, weight) => sum + weight, 0);
    assert.ok(Math.abs(total - 1) < 1e-6, `weights sum to ${total}`);
  }
  const expected = sequences.flatMap((s) => [...s.keys()].slice(1).map((i) => `${s[i - 1]}>${s[i]}`));
  assert.deepEqual(pairs.sort(), expected.sort());
});

test('each epoch has its windows in another order', () => {
  const windows = nextItemWindows(
    Array.from({ length: 20 }, (_, u) => new Int32Array(3).fill(u)),
    4,
  );
  const shape = chooseBatchShape(windows, { batchSize: 5, positionsPerStep: 100 });
  const orderOf = (seed: number) =>
    [...packWindows(windows, shape, createRandom(seed))].flat().map(({ sequence }) => sequence[0]);
  assert.notDeepEqual(orderOf(1), orderOf(2));
  assert.deepEqual(
    orderOf(1).toSorted((a, b) => a - b),
    orderOf(2).toSorted((a, b) => a - b),
  );
});

test('long windows make small batches: 128 of 4 positions, 32 of 100', () => {
  const shapeOf = (length: number) => {
    const windows = nextItemWindows(Array(500).fill(new Int32Array(length + 1)), length);
    return chooseBatchShape(windows, { batchSize: 128, positionsPerStep: 3_200 });
  };
  assert.equal(batchSizeOf(shapeOf(4)), 128);
  assert.equal(batchSizeOf(shapeOf(100)), 32);
});

test('where one window in 20 is long, few rows are, no batch has more, every window is learnt once', () => {
  const random = createRandom(7);
  const sequences = Array.from({ length: 1_000 }, (_, u) => new Int32Array(u % 20 === 0 ? 41 : 5).fill(u));
  const windows = nextItemWindows(sequences, 50);
  const shape = chooseBatchShape(windows, { batchSize: 100, positionsPerStep: 3_200 });
  // 5 long windows a batch on average, and three deviations of sqrt(100 / 20 * 19 / 20) = 2.18 more.
  assert.deepEqual(shape.buckets, [
    { rows: 12, length: 40 },
    { rows: 88, length: 4 },
  ]);
  const seen: number[] = [];
  for (const taken of packWindows(windows, shape, random)) {
    const rows = taken.map((window) => window.row(random));
    assert.ok(rows.filter(({ items }) => items.length > 4).length <= 12);
    const { items, forward, backward, targets, weights } = fillBatch(rows, shape, -1);
    forward.forEach((place, r) => {
      if (weights[r] === 0) return;
      assert.equal(items[place], targets[r], 'each of these users has one item only');
      assert.equal(backward[place], r);
    });
    seen.push(...rows.map(({ items }) => items[0]));
  }
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    Array.from({ length: 1_000 }, (_, u) => u),
  );
});

test('where each position has a negative of its own, it is one for the user who stands there', () => {
  const random = createRandom(9);
  // Each user has nothing but one item of three, so that a negative of somebody else's is the target now and
  // then.
  const sequences = Array.from({ length: 300 }, (_, u) =>
    new Int32Array(u % 10 === 0 ? 31 : 2 + (u % 4)).fill(u % 3),
  );
  const windows = nextItemWindows(sequences, 50);
  const shape = chooseBatchShape(windows, { batchSize: 64, positionsPerStep: 3_200 });
  const sampler = createNegativeSampler({ itemCount: 3, repeatable: new Uint8Array(3) });
  for (const taken of packWindows(windows, shape, random)) {
    const { targets, weights } = fillBatch(
      taken.map((window) => window.row(random)),
      shape,
    );
    const { negatives } = drawNegatives(
      { kind: 'bce', negatives: 1 },
      shape.positions,
      taken,
      sampler,
      random,
    );
    weights.forEach((weight, r) => {
      if (weight > 0) assert.notEqual(negatives[r], targets[r]);
    });
  }
});

test('a batch has no more positions than places, and refuses a row that does not fit', () => {
  const lengths = [9, ...Array<number>(999).fill(2)];
  const windows = nextItemWindows(
    lengths.map((length) => new Int32Array(length + 1)),
    50,
  );
  const shape = chooseBatchShape(windows, { batchSize: 128, positionsPerStep: 3_200 });
  assert.equal(shape.positions, placesOf(shape));
  const rows = windows.slice(0, 10).map((window) => window.row(createRandom(1)));
  fillBatch(rows, shape);
  assert.throws(
    () => fillBatch(rows.toReversed(), shape),
    /^Error: internal: row 9 of a batch has room for 2 items, got 9$/,
  );
});

test('windows of much the same length stand in rows of one length', () => {
  const windows = nextItemWindows(
    Array.from({ length: 200 }, (_, u) => new Int32Array(u % 2 === 0 ? 50 : 45)),
    50,
  );
  const { buckets } = chooseBatchShape(windows, { batchSize: 64, positionsPerStep: 3_200 });
  assert.deepEqual(buckets, [{ rows: 64, length: 49 }]);
});

test('an inference batch holds the last L items and names the last position', () => {
  const histories = [Int32Array.of(1, 2, 3, 4), Int32Array.of(7), new Int32Array()];
  const { items, last } = historyBatch(histories, 3);
  assert.deepEqual([...items], [2, 3, 4, 7, 0, 0, 0, 0, 0]);
  assert.deepEqual([...last], [2, 0, 0]);
});

test('with a mask behind, a history has one place less', () => {
  const { items, last } = historyBatch(
    [Int32Array.of(1, 2, 3, 4), Int32Array.of(7), new Int32Array()],
    3,
    9,
    [8],
  );
  assert.deepEqual([...items], [3, 4, 8, 7, 8, 9, 8, 9, 9]);
  assert.deepEqual([...last], [2, 1, 0]);
});

test('Cloze: hidden items are asked for where they stood, the last window again with its last', () => {
  const sequence = Int32Array.of(10, 11, 12, 13, 14, 15, 16);
  const windows = maskedWindows([sequence, Int32Array.of(20)], 5, 0.4, 100);
  assert.deepEqual(
    windows.map(({ start, length, targets }) => [start, length, targets]),
    [
      [2, 5, 1],
      [2, 5, 2],
      [0, 2, 1],
    ],
  );
  const shape = chooseBatchShape(windows, { batchSize: 8, positionsPerStep: 100 });
  const random = createRandom(3);
  const batch = fillBatch(
    windows.map((window) => window.row(random)),
    shape,
    101,
  );
  const rows = [0, 1, 2].map((b) => [...batch.items.subarray(b * 5, (b + 1) * 5)]);
  assert.equal(rows.flat().filter((token) => token === 100).length, 4, 'masks');
  assert.equal(rows.flat().filter((token) => token === 101).length, 3, 'padding behind the window of two');
  assert.ok(rows.some((row) => String(row) === '12,13,14,15,100'));
  const restored = [...batch.items];
  batch.forward.forEach((position, r) => {
    if (batch.weights[r] > 0) restored[position] = batch.targets[r];
  });
  const items = restored.filter((token) => token < 100).sort();
  assert.deepEqual(items, [10, 11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 16]);
});

test('Cloze: every place of a window is hidden as often as its share says, drawn anew each time', () => {
  const [, window] = maskedWindows([Int32Array.of(10, 11, 12, 13, 14)], 5, 0.4, 100);
  const random = createRandom('cloze');
  const hidden = new Array<number>(5).fill(0);
  for (let i = 0; i < 500; i++) for (const place of window.row(random).asked) hidden[place]++;
  // Two of five places; a standard error is 11.
  for (const [place, count] of hidden.entries())
    assert.ok(Math.abs(count - 200) < 50, `place ${place}: ${count} of 500`);
});

test('behind a short row stands an unseen item under a causal mask, else the padding token', () => {
  const examplesOf = (name: 'sasrec' | 'bert4rec') => {
    const model = SEQUENCE_MODELS[name](profile({ length: 8 }), 8);
    return model.objective.examples([Int32Array.from({ length: 20 }, (_, i) => i)], model);
  };
  const [sasrec, bert4rec] = [examplesOf('sasrec'), examplesOf('bert4rec')];
  assert.deepEqual([sasrec.padding, bert4rec.padding], [0, N + 1]);
  assert.deepEqual(
    [sasrec.windows.map(({ targets }) => targets), bert4rec.windows.map(({ targets }) => targets)],
    // Of 20 items 19 are asked for, eight in a window; or a fifth of eight, eight and four.
    [
      [8, 8, 3],
      [1, 2, 2, 1],
    ],
  );
});
