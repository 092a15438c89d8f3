// What occurs in no sequence takes no part in learning an adapter: with a second half of the catalogue that
// nobody ever touched, and that looks like the first, all is learnt as without it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAdaptation } from '../../src/embeddings/adaptation.ts';
import { learnAdapter } from '../../src/embeddings/fit-adaptation.ts';
import { blockScalings } from '../../src/embeddings/item-features.ts';
import { occurringItems } from '../../src/interactions/occurring-items.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { RESIDUAL } from '../../src/recommenders/item-table.ts';
import { sasrecModel } from '../../src/recommenders/models.ts';
import type { TrainingOptions } from '../../src/recommenders/recommender.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';

const F = 6;
const d = 8;
const random = createRandom('learn adapter');
const features = Float32Array.from({ length: N * F }, () => random.normal());
const [sequences, held] = [alternating(300, 1), alternating(100, 2)];

const block = (copies: number) => {
  const values = Float32Array.from({ length: copies * N * F }, (_, i) => features[i % (N * F)]);
  return { name: 'text', width: F, values, rowLength: 8 };
};

function learn(copies: number, over: Partial<TrainingOptions> = {}, train = sequences) {
  const itemCount = copies * N;
  const model = sasrecModel(profile({ itemCount, repeatable: new Uint8Array(itemCount).fill(1) }), d);
  return learnAdapter(
    [block(copies)],
    model,
    { sequences: train, practised: train },
    {
      ...{ hidden: 8, batchSize: 32, positionsPerStep: 400, learningRate: 1e-3, seed: 1 },
      ...{ stopping: { kind: 'early', validation: lastOf(held), steps: 20, patience: 20 }, ...over },
      ...{ progress: silentProgress, name: 'adapter' },
    },
  );
}

test('an item that never occurs is no negative, has no residual, and is not asked for', async () => {
  const alone = await learn(1);
  const beside = await learn(2);
  for (const [name, { values }] of alone.weights) {
    const other = beside.weights.get(name)!.values;
    assert.ok(
      values.every((x, i) => Math.abs(x - other[i]) < 1e-4),
      name,
    );
  }
  assert.ok(alone.residual.some((x) => x !== 0));
  assert.ok(beside.residual.subarray(N * d).every((x) => x === 0));
  assert.equal(beside.table.length, N * d);
  const nobody = {
    ...lastOf(held),
    targets: lastOf(held).targets.map((item, row) => (row % 2 ? item : item + N)),
  };
  const half = await learn(2, {
    stopping: { kind: 'early', validation: nobody, steps: 20, patience: 20 },
  });
  assert.ok(half.validationNdcg! > 0, 'half of the targets can be hit');
});

test('an item that occurs once has a twentieth of the residual that it learns', async () => {
  const [RARE, steps, learningRate] = [N - 1, 20, 1e-3];
  const others = sequences.map((sequence) => sequence.map((item) => (item === RARE ? 0 : item)));
  const { residual } = await learn(1, {}, [...others, Int32Array.of(0, RARE)]);
  const longest = (item: number) => Math.max(...residual.subarray(item * d, (item + 1) * d).map(Math.abs));
  // A step of Adam is about the learning rate long at most.
  assert.ok(longest(RARE) < 1.5 * (1 / 21) * steps * learningRate, `${longest(RARE)}`);
  assert.ok(longest(RARE) > 0);
  assert.ok(longest(0) > 2 * longest(RARE), `${longest(0)} of a frequent one`);
});

test('a fit of one epoch goes on from another fit, each item with its own residual', async () => {
  // The second fit lacks item 0, so that its items have other numbers.
  const first = await learn(1, { stopping: { kind: 'epochs', epochs: 6 }, learningRate: 1e-2 });
  const without = (of: readonly Int32Array[]) => of.filter((sequence) => !sequence.includes(0));
  const fit = (over: Partial<TrainingOptions>) => learn(1, over, without(sequences));
  const still = await fit({ stopping: { kind: 'epochs', epochs: 1 }, start: first.values, learningRate: 0 });
  assert.deepEqual([still.epochs, still.validationNdcg], [1, undefined]);
  assert.deepEqual(still.weights, first.weights);
  const residualOf = ({ values }: typeof first) => values.get(RESIDUAL)!.values;
  assert.equal(residualOf(first).length, N * d);
  assert.ok(
    residualOf(first)
      .subarray(0, d)
      .some((x) => x !== 0),
  );
  assert.deepEqual(residualOf(still), residualOf(first).fill(0, 0, d));
  const validation = lastOf(without(held));
  const once = { stopping: { kind: 'early', validation, steps: 1, patience: 1 } } as const;
  const [fresh, on] = [await fit(once), await fit({ ...once, start: first.values })];
  assert.ok(on.validationNdcg! > fresh.validationNdcg!, `${on.validationNdcg} and ${fresh.validationNdcg}`);
});

test('what the adapter makes of the features, and the residual, are the table that was learnt', async () => {
  const { weights, residual, table } = await learn(1);
  const adapted = await applyAdaptation({ scalings: blockScalings([block(1)]), weights }, [block(1)]);
  assert.ok(table.every((x, i) => Math.abs(x - adapted[i] - residual[i]) < 1e-5));
});

test('items that occur have numbers of their own, in the order of the catalogue, and back', () => {
  const { items, rows, inCatalogue, renumbered, occurring } = occurringItems(
    [Int32Array.of(7, 2), Int32Array.of(2, 5)],
    8,
  );
  assert.deepEqual([...items], [2, 5, 7]);
  assert.deepEqual(renumbered([Int32Array.of(5, 7, 2)]), [Int32Array.of(1, 2, 0)]);
  const matrix = Float32Array.from({ length: 16 }, (_, i) => i);
  assert.deepEqual([...rows(matrix, 2)], [4, 5, 10, 11, 14, 15]);
  assert.deepEqual([...inCatalogue(rows(matrix, 2), 2).subarray(8)], [0, 0, 10, 11, 0, 0, 14, 15]);
  const next = {
    users: Int32Array.of(4, 6),
    histories: [Int32Array.of(2), Int32Array.of(7)],
    targets: Int32Array.of(3, 5),
  };
  assert.deepEqual(occurring(next), {
    users: Int32Array.of(6),
    histories: [Int32Array.of(2)],
    targets: Int32Array.of(1),
  });
});
