// Warm starts hold what was loaded: every row at its own item, the first and the last too, and one that
// training never sees; no initialisation comes after it, and no padding or mask row shifts it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Values } from '../../src/network/scope.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { createTabulator, historyTrust, type ItemTable } from '../../src/recommenders/item-table.ts';
import { MODELS } from '../../src/recommenders/models.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';

const D = 16;
const UNSEEN = 17;
const random = createRandom(8);
const vectors = Float32Array.from({ length: N * D }, () => random.normal());
const sequences = alternating(100, 1).map((sequence) => sequence.map((item) => (item === UNSEEN ? 0 : item)));

async function trained(name: 'sasrec' | 'gru4rec' | 'bert4rec', table: ItemTable, learningRate: number) {
  const { recommender, itemVectors, values } = await MODELS[name](profile(), D).train(sequences, {
    ...{ batchSize: 64, positionsPerStep: 1_000, seed: 1 },
    stopping: { kind: 'early', validation: lastOf(sequences), steps: 2, patience: 9 },
    table,
    learningRate,
    progress: silentProgress,
    name,
  });
  await recommender.release();
  return { itemVectors, values };
}

const rowsOf = (vectors: Float32Array) => (item: number) => [...vectors.subarray(item * D, (item + 1) * D)];

async function tableAfter(...of: Parameters<typeof trained>) {
  return rowsOf((await trained(...of)).itemVectors);
}

const trust = historyTrust(sequences, N);

const given = rowsOf(vectors);
const apart = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i])));

for (const name of ['sasrec', 'gru4rec', 'bert4rec'] as const) {
  test(`${name}: what was loaded is what training starts from, row by row`, async () => {
    for (const kind of ['init', 'frozen'] as const) {
      const loaded = await tableAfter(name, { kind, vectors }, 0);
      for (let item = 0; item < N; item++)
        assert.deepEqual(loaded(item), given(item), `${kind}, item ${item}`);
    }
  });

  test(`${name}: init moves every row a little, frozen none, frozen+residual the trained ones`, async () => {
    const frozen = await tableAfter(name, { kind: 'frozen', vectors }, 1e-3);
    const init = await tableAfter(name, { kind: 'init', vectors }, 1e-3);
    const trusting = await tableAfter(name, { kind: 'frozen+residual', vectors, trust }, 1e-3);
    for (const item of [0, UNSEEN, N - 1]) {
      assert.deepEqual(frozen(item), given(item));
      const moved = apart(init(item), given(item));
      // Softmax pushes away what is not right.
      assert.ok(moved > 0 && moved < 0.02, `item ${item} moved by ${moved}`);
      const learnt = apart(trusting(item), given(item));
      assert.ok(
        item === UNSEEN ? learnt === 0 : learnt > 0 && learnt < moved,
        `item ${item} learnt ${learnt}`,
      );
    }
  });

  test(`${name}: an adapter puts items of equal features together, dual only untrained ones`, async () => {
    const features = Float32Array.from({ length: N * 4 }, (_, i) => (i < 4 ? 1 : -1) * ((i % 4) + 1));
    const adapter = { kind: 'frozen+adapter', features, hidden: 8 } as const;
    const adapted = await tableAfter(name, adapter, 1e-2);
    assert.deepEqual(adapted(1), adapted(N - 1));
    assert.ok(apart(adapted(0), adapted(1)) > 0.01, 'item 0 has other features');

    const dual = await trained(name, { ...adapter, kind: 'dual', trust }, 1e-2);
    const tabulator = await createTabulator(adapter, N, D);
    const [place, withoutResidual] = [rowsOf(dual.itemVectors), rowsOf(await tabulator.table(dual.values))];
    await tabulator.release();
    assert.deepEqual(place(UNSEEN), withoutResidual(UNSEEN));
    for (const item of [0, 1, N - 1]) {
      assert.ok(apart(place(item), withoutResidual(item)) > 1e-4, `item ${item} has a residual`);
    }
    assert.ok(apart(place(1), place(N - 1)) > 1e-4, 'residuals tell apart');
  });
}

test('the table by hand: an adapter is linear, GELU, linear; a residual counts by its trust', async () => {
  const weights: Values = new Map([
    ['items.features', { shape: [2, 1], values: Float32Array.of(1, -2) }],
    ['items.adapter.inner.weight', { shape: [1, 1], values: Float32Array.of(1.5) }],
    ['items.adapter.inner.bias', { shape: [1], values: Float32Array.of(0.5) }],
    ['items.adapter.outer.weight', { shape: [1, 1], values: Float32Array.of(3) }],
    ['items.adapter.outer.bias', { shape: [1], values: Float32Array.of(-1) }],
    ['items.residual', { shape: [2, 1], values: Float32Array.of(10, 20) }],
    ['items.vectors', { shape: [2, 1], values: Float32Array.of(7, 8) }],
  ]);
  const adapter = { features: Float32Array.of(1, -2), hidden: 1 };
  const residual = { trust: Float32Array.of(0.5, 0.25) };
  // GELU is x times the normal distribution's share below x, of 2 and of -2.5.
  const adapted = [3 * 2 * 0.9772499 - 1, 3 * -2.5 * 0.0062097 - 1];
  for (const [table, wanted] of [
    [{ kind: 'frozen+adapter', ...adapter }, adapted],
    [{ kind: 'dual', ...adapter, ...residual }, [adapted[0] + 5, adapted[1] + 5]],
    [{ kind: 'frozen+residual', vectors: Float32Array.of(7, 8), ...residual }, [12, 13]],
  ] as const) {
    const tabulator = await createTabulator(table, 2, 1);
    const got = await tabulator.table(weights);
    await tabulator.release();
    wanted.forEach((x, i) => {
      assert.ok(Math.abs(got[i] - x) < 1e-5, `${table.kind}, item ${i}: ${got[i]}, by hand ${x}`);
    });
  }
});
