import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import { chooseBatchShape, historyBatches, trainingBatches, trainingWindows } from '../../src/recommenders/batches.ts';

test('a history of 6 in windows of 3: the last three pairs, then the first two', () => {
  const windows = trainingWindows([Int32Array.of(10, 11, 12, 13, 14, 15)], 3);
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
  const windows = trainingWindows(sequences, 4);
  const shape = chooseBatchShape(windows, { batchSize: 8, positionsPerStep: 100 }, 4);
  const pairs: string[] = [];
  for (const batch of trainingBatches(windows, shape, random)) {
    batch.forward.forEach((position, r) => {
      if (batch.weights[r] === 0) {
        assert.equal(position, shape.batchSize * shape.length);
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

test('long windows make small batches: 128 of 4 positions, 32 of 100', () => {
  const shapeOf = (length: number) => {
    const windows = trainingWindows(Array(500).fill(new Int32Array(length + 1)), length);
    return chooseBatchShape(windows, { batchSize: 128, positionsPerStep: 3_200 }, length);
  };
  assert.equal(shapeOf(4).batchSize, 128);
  assert.equal(shapeOf(100).batchSize, 32);
});

test('an inference batch holds the last L items and names the last position', () => {
  const histories = [Int32Array.of(1, 2, 3, 4), Int32Array.of(7), new Int32Array()];
  const [first, second] = [...historyBatches(histories, 2, 3)];
  assert.deepEqual([...first.items], [2, 3, 4, 7, 0, 0]);
  assert.deepEqual([...first.last], [2, 3]);
  assert.deepEqual([...second.items], [0, 0, 0, 0, 0, 0]);
});
