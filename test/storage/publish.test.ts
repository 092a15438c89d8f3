// Publishing and reading, with numbers that can be checked by hand; over PGlite and, where there is one,
// Postgres.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import type { Database } from '../../src/storage/database.ts';
import { openPglite } from '../../src/storage/pglite.ts';
import { openPostgres } from '../../src/storage/postgres.ts';
import { createStore, openStore, type Store, type VersionDraft } from '../../src/storage/store.ts';
import { smallDraft, turnedDraft } from '../support/drafts.ts';
import {
  emptyStoreFolder,
  silentLog,
  temporaryFolder,
  temporaryPostgresDatabase,
  withoutPostgres,
} from '../support/stores.ts';

const onPglite = async (context: TestContext) => {
  const folder = await emptyStoreFolder(context);
  return open(context, await openPglite(folder), folder);
};

const onPostgres = async (context: TestContext) => {
  const url = await temporaryPostgresDatabase(context);
  const folder = await temporaryFolder(context);
  await (await openStore(url, { migrate: true, folder, log: silentLog })).close();
  return open(context, await openPostgres(url), folder);
};

function open(context: TestContext, database: Database, folder: string) {
  context.after(database.close);
  return { store: createStore(database, folder, silentLog), query: database.query };
}

/** A new run: every key is another. */
async function beginRun(store: Store, key: string = randomUUID()): Promise<string> {
  const { runId } = await store.beginRun({ key, command: 'refresh', options: { data: 'toys' } });
  return runId;
}

const similarities = (neighbours: readonly { itemId: string; similarity: number }[]) =>
  neighbours.map(({ itemId, similarity }) => [itemId, Math.round(similarity * 1e6) / 1e6]);

for (const [name, openEmpty, skip] of [
  ['PGlite', onPglite, false],
  ['Postgres', onPostgres, withoutPostgres],
] as const) {
  test(`a store on ${name}`, { skip }, async (context) => {
    const { store, query } = await openEmpty(context);
    await context.test('a published version reads back as it was', async () => {
      await assert.rejects(store.embedding('a'), { code: 'no-version' });
      const runId = await beginRun(store);
      const version = await store.publish(smallDraft(runId));
      const origin = { version: runId, versionCreatedAt: version.createdAt };

      assert.equal(version.id, runId);
      assert.equal(version.active, true);
      const { items, users, dimension, categories, lineage, metrics } = version.manifest;
      assert.deepEqual(
        [items, users, dimension, categories, lineage, metrics],
        [4, 2, 2, 2, { seed: 7 }, { hitRate: 0.5 }],
      );

      assert.deepEqual(await store.embedding('b'), { ...origin, itemId: 'b', embedding: [0.8, 0.6] });
      const all = await store.embeddings();
      assert.deepEqual(all.itemIds, ['a', 'b', 'c/ö?', 'd']);
      assert.deepEqual(all.values, Float32Array.of(1, 0, 0.8, 0.6, 0, 1, -1, 0));
      assert.deepEqual(await query('SELECT * FROM items ORDER BY item_id LIMIT 2'), [
        {
          item_id: 'a',
          title: 'Anvil',
          description: null,
          attributes: { brand: 'Acme', genres: ['tool', 'heavy'], price: 12.5 },
        },
        { item_id: 'b', title: 'Bell', description: 'It rings.', attributes: {} },
      ]);
      assert.deepEqual(await store.preferences('u2'), {
        ...origin,
        userId: 'u2',
        prior: [0, 0],
        inferred: [0.25, 0.75],
      });
      // Behaviour: a, b | c, d unknown. Language model's first choice: a, b (a tie goes to the first) | c, d.
      assert.deepEqual(
        (await store.categories()).categories.map((category) => ({ ...category })),
        [
          { category: 0, items: 2, inferredItems: 2 },
          { category: 1, items: 1, inferredItems: 2 },
        ],
      );

      assert.deepEqual(similarities((await store.neighbours('a', 2)).neighbours), [
        ['b', 0.8],
        ['c/ö?', 0],
      ]);
      assert.deepEqual(similarities((await store.neighbours('b', 1000)).neighbours), [
        ['a', 0.8],
        ['c/ö?', 0.6],
        ['d', -0.8],
      ]);
      await assert.rejects(store.neighbours('e', 1), { code: 'unknown-item' });
      await assert.rejects(store.preferences('u3'), { code: 'unknown-user' });
      await assert.rejects(store.embedding('a\0'), { code: 'unknown-item' });
    });

    await context.test(
      'the newest version is served, older ones on request and after a rollback',
      async () => {
        const first = await beginRun(store);
        const second = await beginRun(store);
        await store.publish(smallDraft(first));
        await store.publish(turnedDraft(second));
        const nearest = async (version?: string) =>
          (await store.neighbours('b', 1, version)).neighbours[0].itemId;

        assert.deepEqual([await nearest(), await nearest(first), await nearest(second)], ['d', 'a', 'd']);
        const rolledBack = await store.activateVersion(first);
        assert.equal(rolledBack.active, true);
        assert.equal(await nearest(), 'a');
        assert.deepEqual(
          (await store.listVersions()).slice(0, 2).map(({ id, active }) => [id, active]),
          [
            [second, false],
            [first, true],
          ],
        );
        await assert.rejects(store.activateVersion('never'), { code: 'unknown-version' });
        assert.equal((await store.activeVersion())?.id, first);
      },
    );

    await context.test('publishing the same run again answers the same version', async () => {
      const runId = await beginRun(store);
      const once = await store.publish(smallDraft(runId));
      const twice = await store.publish(smallDraft(runId));
      assert.deepEqual(twice, once);
      assert.equal((await store.listVersions()).filter(({ id }) => id === runId).length, 1);
    });

    await context.test('runs are resumed until they finish', async () => {
      const runId = await beginRun(store, 'nightly');
      await store.finishStage(runId, 'ingest', 1.5, { items: 4 });
      await store.finishStage(runId, 'ingest', 1.5, { items: 4 });
      await store.failRun(runId, 'disk full');
      assert.equal((await store.listRuns(1))[0].error, 'disk full');

      const request = { key: 'nightly', command: 'refresh', options: {} };
      assert.deepEqual(await store.beginRun(request), { runId, resumed: true });
      const stages = await store.finishedStages(runId);
      assert.deepEqual(
        stages.map(({ stage, seconds, details }) => ({ stage, seconds, details })),
        [{ stage: 'ingest', seconds: 1.5, details: { items: 4 } }],
      );
      await store.finishRun(runId, runId, { hitRate: 0.5 });
      await store.finishRun(runId, runId, { hitRate: 0.5 });

      const next = await store.beginRun(request);
      assert.equal(next.resumed, false);
      assert.ok(next.runId > runId);
      assert.deepEqual(
        (await store.listRuns(2)).map((run) => [run.runId, run.status, run.metrics]),
        [
          [next.runId, 'running', null],
          [runId, 'finished', { hitRate: 0.5 }],
        ],
      );
      await assert.rejects(store.finishStage('never', 'ingest', 1, {}), { code: 'not-found' });
    });
  });
}

test('drafts, refused and large', async (context) => {
  const { store } = await onPglite(context);
  await context.test('a draft that must not be served is refused by name and leaves nothing', async () => {
    const runId = await beginRun(store);
    const draft = smallDraft(runId);
    const items = (...ids: string[]) => ids.map((itemId) => ({ itemId, attributes: {} }));
    const refused: [Partial<VersionDraft>, RegExp][] = [
      [
        { embeddings: Float32Array.of(1, 0, 0.8, Number.NaN, 0, 1, -1, 0) },
        /embeddings of item "b" contains NaN in column 1/,
      ],
      [
        { embeddings: Float32Array.of(1, 0, 0.8, 0, 0, 1, -Infinity, 0) },
        /embeddings of item "d" contains -Infinity/,
      ],
      [{ embeddings: Float32Array.of(1, 0, 0, 0, 0, 1, -1, 0) }, /embedding of item "b" is zero/],
      [{ dimension: 3 }, /embeddings has 8 values; 4 rows of 3 need 12/],
      [{ itemCategories: Int32Array.of(0, 0, 2, 1) }, /category of item "c\/ö\?" is 2; allowed are -1 to 1/],
      [
        { inferredPreferences: Float32Array.of(1, 0, Number.NaN, 1) },
        /inferredPreferences of user "u2" contains NaN/,
      ],
      [{ userIds: ['u2', 'u1'] }, /user id "u1" stands behind "u2"; user ids have to be sorted\./],
      [{ userIds: ['u1', 'u1'] }, /user id "u1" occurs twice/],
      [{ items: items('a', 'b', 'b', 'd') }, /item id "b" occurs twice/],
      [{ items: items('a', '', 'c', 'd') }, /item id "" is empty/],
      [
        { items: items('a', 'x'.repeat(1025), 'c', 'd') },
        /item id "x{80}\.\.\." is empty, longer than 1,024 bytes/,
      ],
      [
        { items: [{ itemId: 'a', title: 'nul\0', attributes: {} }, ...draft.items.slice(1)] },
        /text of item "a" contains a NUL/,
      ],
    ];
    for (const [changes, message] of refused) {
      await assert.rejects(store.publish({ ...draft, ...changes }), { code: 'bad-data', message });
    }
    await assert.rejects(store.publish({ ...draft, runId: 'never' }), { code: 'not-found' });
    assert.deepEqual(await store.listVersions(), []);
    assert.ok(!readdirSync(store.folder).includes('indexes'));
  });

  await context.test(
    '2,000 random items: rows come back bit-equal in order, and recall@10 against exact search is above 0.99',
    async () => {
      const random = createRandom(1);
      const [items, dimension] = [2000, 16];
      const embeddings = Float32Array.from({ length: items * dimension }, () => random.normal());
      const draft = smallDraft(await beginRun(store), {
        items: Array.from({ length: items }, (_, row) => ({ itemId: `item-${row}`, attributes: {} })),
        embeddings,
        dimension,
        itemCategories: new Int32Array(items),
        inferredItemCategories: new Float32Array(items * 2).fill(0.5),
      });
      await store.publish(draft);
      const all = await store.embeddings();
      assert.deepEqual(all.values, embeddings);
      assert.equal(all.itemIds[1999], 'item-1999');

      let found = 0;
      for (let query = 0; query < 50; query++) {
        const { neighbours } = await store.neighbours(`item-${query}`, 10);
        const exact = new Set(
          nearestByBruteForce(embeddings, dimension, query, 10).map((row) => `item-${row}`),
        );
        found += neighbours.filter(({ itemId }) => exact.has(itemId)).length;
      }
      assert.ok(found / 500 > 0.99, `recall ${found / 500}`);
      assert.equal((await store.neighbours('item-0', 1000)).neighbours.length, 1000);
    },
  );

  await context.test('300 equal items are all neighbours of each other', async () => {
    const draft = smallDraft(await beginRun(store), {
      items: Array.from({ length: 300 }, (_, row) => ({ itemId: `item-${row}`, attributes: {} })),
      embeddings: new Float32Array(600).fill(1),
      itemCategories: new Int32Array(300),
      inferredItemCategories: new Float32Array(600).fill(0.5),
    });
    await store.publish(draft);
    const { neighbours } = await store.neighbours('item-7', 1000);
    assert.equal(new Set(neighbours.map(({ itemId }) => itemId)).size, 299);
    assert.ok(neighbours.every(({ itemId }) => itemId !== 'item-7'));
  });
});

function nearestByBruteForce(
  embeddings: Float32Array,
  dimension: number,
  query: number,
  count: number,
): number[] {
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += embeddings[a * dimension + i] * embeddings[b * dimension + i];
    return sum;
  };
  return Array.from({ length: embeddings.length / dimension }, (_, row) => row)
    .filter((row) => row !== query)
    .map((row) => ({ row, similarity: dot(query, row) / Math.sqrt(dot(row, row)) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, count)
    .map(({ row }) => row);
}
