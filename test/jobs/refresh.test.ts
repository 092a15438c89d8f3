// A refresh from the command line: what it leaves, that the service answers from it, and that a kill anywhere
// costs nothing but time. 24 users and 20 items, so that a whole run takes seconds.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { RefreshResult } from '../../jobs/refresh.ts';
import type { WarmStarts } from '../../jobs/stages/warm-starts.ts';
import { type Failpoint, openStore, type Version } from '../../src/storage/store.ts';
import { lastLine, startTslrec, tslrec } from '../support/command-line.ts';
import { smallDraft } from '../support/drafts.ts';
import { stagesIn } from '../support/stages.ts';
import { emptyStoreFolder, silentLog, temporaryFolder } from '../support/stores.ts';

const STAGES = [
  'ingest',
  'pretrain',
  'categorise',
  'instruct',
  'pretrain-language-model',
  'fine-tune',
  'infer',
  'text-features',
  'augment-1',
  'augment-2',
  'augment',
  'pretrain-all',
  'categorise-all',
  'instruct-all',
  'fine-tune-all',
  'infer-all',
  'augment-all-1',
  'augment-all-2',
  'augment-all',
  'item-encoder',
  'warm-start-init',
  'warm-start-frozen',
  'warm-start-frozen+residual',
  'state',
];
/** Which version readers have after a kill at each point of publishing. */
const PUBLISHING: Record<Failpoint, 'old' | 'new'> = {
  'publish:draft': 'old',
  'publish:before-index': 'old',
  'publish:after-rename': 'old',
  'publish:before-commit': 'old',
  'publish:after-commit': 'new',
};
/** A stage of each kind that trains, and how the line begins that it shows on stderr. */
const TRAININGS: Readonly<Record<string, string>> = {
  pretrain: 'recommender: pre-train',
  'pretrain-language-model': 'language model: pre-train',
  'fine-tune': 'language model: user SFT',
  'augment-1': 'adaptation 1/2',
  'pretrain-all': 'recommender: all interactions',
  'warm-start-frozen+residual': 'recommender: frozen+residual',
};
const INTO_TRAINING_MS = 300;

/** Newest first. */
async function versionsIn(storeFolder: string): Promise<Version[]> {
  const store = await openStore(storeFolder, { log: silentLog });
  return store.listVersions().finally(store.close);
}

/** When each finished stage's file was written. */
function writtenAt(storeFolder: string): Map<string, number> {
  const outputs = stagesIn(storeFolder)
    .map(([name, folder]) => [name, path.join(folder, 'output.safetensors')] as const)
    .filter(([, file]) => existsSync(file));
  return new Map(outputs.map(([name, file]) => [name, statSync(file).mtimeMs]));
}

test('refresh', async (context) => {
  const folder = await temporaryFolder(context);
  const parameters = (store: string, seed: number) => [
    'refresh',
    '--data',
    'sample',
    '--store',
    store,
    '--preset',
    'quick',
    '--seed',
    `${seed}`,
    '--json',
  ];
  const refresh = async (store: string, seed: number): Promise<RefreshResult> => {
    const exit = await tslrec(folder, parameters(store, seed));
    assert.equal(exit.code, 0, exit.stderr);
    return lastLine(exit);
  };
  await tslrec(folder, ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2']);

  const undisturbedStore = await emptyStoreFolder(context);
  const undisturbed = await refresh(undisturbedStore, 1);
  const [undisturbedVersion] = await versionsIn(undisturbedStore);
  const { contentHash } = undisturbedVersion.manifest;

  await context.test('undisturbed, it says what it made, and what it made is there', () => {
    const {
      runId,
      version,
      items,
      users,
      skippedRows,
      duplicateRows,
      modelFolder,
      adapterFolder,
      seconds,
      metrics,
    } = undisturbed;
    assert.equal(version, undisturbedVersion.id);
    assert.equal(version, runId);
    assert.deepEqual(
      { items, users, skippedRows, duplicateRows },
      { items: 20, users: 24, skippedRows: 0, duplicateRows: 0 },
    );
    assert.deepEqual(Object.keys(seconds), [...STAGES, 'publish']);
    assert.ok(Object.values(seconds).every((value) => value > 0));
    assert.deepEqual(Object.keys(metrics), ['languageModel', 'embeddings', 'warmStarts']);
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
      assert.ok(statSync(path.join(modelFolder!, name)).size > 0);
    for (const name of ['adapter_config.json', 'adapter_model.safetensors'])
      assert.ok(statSync(path.join(adapterFolder!, name)).size > 0);

    const { index, ...manifest } = undisturbedVersion.manifest;
    const file = readFileSync(path.join(undisturbedStore, 'indexes', `${version}.hnsw`));
    assert.equal(createHash('sha256').update(file).digest('hex'), index.sha256);
    assert.equal(file.length, index.bytes);
    assert.deepEqual([manifest.items, manifest.users, manifest.dimension], [20, 24, 64]);
  });

  await context.test('served, it answers over HTTP until SIGTERM', async () => {
    const server = startTslrec(folder, ['serve', '--store', undisturbedStore], { PORT: '0' });
    server.stderr.resume();
    const [[announcement], closed] = [await once(server.stdout, 'data'), once(server, 'close')];
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(announcement))?.[0];
    const ask = async (resource: string) => {
      const response = await fetch(url + resource);
      return { status: response.status, body: JSON.parse(await response.text()) };
    };
    for (let attempt = 0; attempt < 2_400 && (await ask('/readyz')).status !== 200; attempt++)
      await setTimeout(25);
    assert.deepEqual((await ask('/readyz')).body, { status: 'ready', version: undisturbed.version });

    const { embedding } = (await ask('/embeddings/S0001')).body;
    assert.equal(embedding.length, 64);
    assert.ok(embedding.every(Number.isFinite));
    const { neighbors } = (await ask('/items/S0001/neighbors?k=3')).body;
    assert.equal(new Set(neighbors.map(({ itemId }: { itemId: string }) => itemId)).size, 3);
    const { inferred } = (await ask('/users/U00001/preferences')).body;
    assert.ok(Math.abs(inferred.reduce((sum: number, share: number) => sum + share) - 1) < 1e-5);
    const { categories } = (await ask('/categories')).body;
    assert.equal(categories.length, undisturbedVersion.manifest.categories);
    const { versions } = (await ask('/versions')).body;
    assert.deepEqual(
      versions.map((version: Version) => [version.id, version.active]),
      [[undisturbed.version, true]],
    );
    const { random, modes, best, gain }: WarmStarts = versions[0].manifest.metrics.warmStarts;
    assert.deepEqual(
      modes.map(({ mode }) => mode),
      ['init', 'frozen', 'frozen+residual'],
    );
    const top = Math.max(...modes.map(({ validationNdcg }) => validationNdcg));
    assert.equal(modes.find(({ mode }) => mode === best)!.validationNdcg, top);
    assert.ok(Math.abs(top / random!.validationNdcg - 1 - gain!) < 1e-9, `${gain}`);
    assert.equal((await ask('/embeddings/nobody')).status, 404);

    server.kill('SIGTERM');
    assert.deepEqual(await closed, [0, null]);
  });

  await context.test('bad rows that are skipped are counted and kept, and change nothing else', async () => {
    await cp(path.join(folder, 'sample'), path.join(folder, 'damaged'), { recursive: true });
    const interactions = path.join(folder, 'damaged', 'interactions.csv');
    appendFileSync(interactions, 'U00001,S9999,1\nU00001,S0001,soon\n');
    writeFileSync(interactions, readFileSync(interactions, 'utf8').replace('timestamp', 'ts'));
    const skipping = parameters(undisturbedStore, 1).map((word) => (word === 'sample' ? 'damaged' : word));
    const exit = await tslrec(folder, [...skipping, '--on-bad-row', 'skip']);
    const { skippedRows, notes, version } = lastLine<RefreshResult>(exit);
    assert.deepEqual(notes, ['interactions.csv: the column "ts" is read as timestamp.']);
    assert.ok(exit.stdout.startsWith(notes[0]), exit.stdout);
    assert.equal(skippedRows, 2);
    assert.match(exit.stdout, /^Bad rows skipped: 2; they are in \S*skipped-rows\.jsonl\.$/m);
    const skipped = readFileSync(path.join(undisturbedStore, 'skipped-rows.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      skipped.map((line) => JSON.parse(line).raw),
      ['U00001,S9999,1', 'U00001,S0001,soon'],
    );
    const [newest] = await versionsIn(undisturbedStore);
    assert.deepEqual([newest.id, newest.manifest.contentHash], [version, contentHash]);
  });

  await context.test(
    'killed at every boundary and inside trainings, readers keep a whole version and nothing is done twice',
    async (kills) => {
      const storeFolder = await emptyStoreFolder(kills);
      const old = await publishOther(storeFolder);
      assert.notEqual(old.manifest.contentHash, contentHash);
      let written = new Map<string, number>();
      const checkKept = () => {
        const now = writtenAt(storeFolder);
        for (const [name, time] of written) assert.equal(now.get(name), time, `${name} was written again`);
        written = now;
      };
      for (const stage of STAGES) {
        await kills.test(`after:${stage}`, async () => {
          const environment = { TSLREC_FAILPOINT: `after:${stage}` };
          const training = TRAININGS[stage];
          const start = () => startTslrec(folder, parameters(storeFolder, 1), environment);
          if (training !== undefined) await killInside(start(), training);
          checkKept();
          const exit = await tslrec(folder, parameters(storeFolder, 1), environment);
          assert.equal(exit.signal, 'SIGKILL', exit.stderr);
          checkKept();
        });
      }
      for (const [failpoint, readersHave] of Object.entries(PUBLISHING)) {
        await kills.test(failpoint, async () => {
          const exit = await tslrec(folder, parameters(storeFolder, 1), { TSLREC_FAILPOINT: failpoint });
          assert.equal(exit.signal, 'SIGKILL', exit.stderr);
          const [newest, ...others] = await versionsIn(storeFolder);
          assert.equal(newest.active, true);
          assert.equal(newest.id === old.id, readersHave === 'old');
          assert.equal(
            newest.manifest.contentHash,
            readersHave === 'new' ? contentHash : old.manifest.contentHash,
          );
          assert.equal(others.length, readersHave === 'new' ? 1 : 0);
          checkKept();
        });
      }

      const resumed = await refresh(storeFolder, 1);
      const [version, ...others] = await versionsIn(storeFolder);
      assert.equal(version.id, resumed.version);
      assert.equal(version.active, true);
      assert.equal(version.manifest.contentHash, contentHash);
      assert.deepEqual(
        others.map(({ id }) => id),
        [old.id],
      );
      const { ingest: _, publish: __, ...computed } = resumed.seconds;
      assert.deepEqual(computed, Object.fromEntries(STAGES.slice(1).map((stage) => [stage, 0])));
      assert.deepEqual(resumed.metrics, undisturbed.metrics);
    },
  );
});

/** A version of another run, which readers have before. */
async function publishOther(storeFolder: string): Promise<Version> {
  const store = await openStore(storeFolder, { log: silentLog });
  const { runId } = await store.beginRun({ key: 'other', command: 'refresh', options: {} });
  const version = await store.publish(smallDraft(runId));
  await store.finishRun(runId, version.id, {});
  return store.close().then(() => version);
}

/**
 * Kills a refresh a moment after it has shown that the training is under way; it goes no further than that.
 */
async function killInside(child: ReturnType<typeof startTslrec>, training: string): Promise<void> {
  const closed = once(child, 'close');
  child.stdout.resume();
  const begun = new Promise((resolve) => {
    child.stderr.on('data', (text) => String(text).includes(training) && resolve(true));
  });
  assert.equal(await Promise.race([begun, closed]), true, `${training} never began`);
  await setTimeout(INTO_TRAINING_MS);
  child.kill('SIGKILL');
  assert.deepEqual(await closed, [null, 'SIGKILL']);
}
