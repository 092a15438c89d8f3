import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assignAtLeastCost, matchCategories } from '../../src/categories/match-categories.ts';

interface Fixture {
  readonly assignments: readonly { readonly costs: readonly number[][]; readonly least: number }[];
}
const { assignments }: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/procrustes.json', import.meta.url), 'utf8'),
);

test('each row has a column of its own, and the costs are as low as SciPy finds them', () => {
  for (const { costs, least } of assignments) {
    const columns = assignAtLeastCost(costs.map((row) => Float64Array.from(row)));
    assert.equal(new Set(columns).size, costs.length);
    assert.equal(
      columns.reduce((sum, column, row) => sum + costs[row][column], 0),
      least,
    );
  }
});

test('new categories are matched with the old ones that share most items', () => {
  const before = Int32Array.of(0, 0, 0, 1, 1, 2, 2, 2, -1);
  const swapped = Int32Array.of(1, 1, 0, 0, 0, 2, 2, 2, 1);
  assert.deepEqual([...matchCategories(before, swapped, [3, 3])], [1, 0, 2]);
});

test('with more new ones than old ones some have none, and one that shares no item neither', () => {
  const before = Int32Array.of(0, 0, 0, 1, 1, -1);
  assert.deepEqual([...matchCategories(before, Int32Array.of(0, 0, 2, 1, 1, 3), [2, 4])], [0, 1, -1, -1]);
  assert.deepEqual([...matchCategories(before, Int32Array.of(0, 0, 0, 0, 0, 1), [2, 2])], [0, -1]);
});
