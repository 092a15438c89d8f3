import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WARM_START_MODES, warmStartTable } from '../../src/evaluation/warm-start.ts';

test('each mode makes of given vectors the item table that it is named after', () => {
  // Around the mean (4, 5) the rows are (3, 4), (-3, -4) and (0, 0): as features they are 8 long.
  const vectors = Float32Array.of(7, 9, 1, 1, 4, 5);
  const features = Float32Array.of(4.8, 6.4, -4.8, -6.4, 0, 0);
  // Item 0 occurs five times, item 1 once, item 2 never.
  const trust = Float32Array.of(5 / 25, 1 / 21, 0);
  const train = [Int32Array.of(0, 0, 1, 0), Int32Array.of(0, 0)];
  const options = { itemCount: 3, train, adapter: { hidden: 7, rowLength: 8 } };
  assert.deepEqual(
    WARM_START_MODES.map((mode) => warmStartTable(mode, vectors, options)),
    [
      { kind: 'init', vectors },
      { kind: 'frozen', vectors },
      { kind: 'frozen+residual', vectors, trust },
      { kind: 'frozen+adapter', features, hidden: 7 },
      { kind: 'dual', features, hidden: 7, trust },
    ],
  );
});
