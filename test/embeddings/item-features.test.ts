import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockScalings, type FeatureBlock, joinBlocks } from '../../src/embeddings/item-features.ts';

const block = (name: string, width: number, rowLength: number, values: number[]): FeatureBlock => ({
  ...{ name, width, rowLength, values: Float32Array.from(values) },
});
// Around their mean (10, 20) the rows are (3, 4), (-3, 4) and (0, -8), of lengths 5, 5 and 8; around 2 the
// numbers of the other block are -1, -1 and 2.
const text = block('text', 2, 10, [13, 24, 7, 24, 10, 12]);
const hidden = block('hidden', 1, 2, [1, 1, 4]);
const scalings = blockScalings([text, hidden]);

test('each block is centred, each of its rows as long as the block asks for, blocks side by side', () => {
  assert.deepEqual(
    scalings.map(({ mean }) => [...mean]),
    [[10, 20], [2]],
  );
  const joined = joinBlocks([text, hidden], scalings);
  assert.deepEqual([...joined], [6, 8, -2, -6, 8, -2, 0, -10, 2]);
});

test('items that the fit did not see are centred on its means; one at the mean is zero', () => {
  const cold = [block('text', 2, 10, [13, 24, 10, 20]), block('hidden', 1, 2, [2, 7])];
  assert.deepEqual([...joinBlocks(cold, scalings)], [6, 8, 0, 0, 0, 2]);
});
