// What a crash or a damaged file leaves: readers have one whole version, and the next run finishes without
// hand work.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Failpoint, Store, Version, VersionDraft } from '../../src/storage/store.ts';
import { smallDraft, turnedDraft } from '../support/drafts.ts';
import { emptyStoreFolder, openTestStore } from '../support/stores.ts';

const PUBLISH_AND_DIE = path.join(import.meta.dirname, '../support/publish-and-die.ts');

async function publishRun(
  store: Store,
  key: string,
  draft: (runId: string) => VersionDraft,
): Promise<Version> {
  const { runId } = await store.beginRun({ key, command: 'refresh', options: {} });
  return store.publish(draft(runId));
}

/** b's nearest item is a in the small draft, d in the turned one. */
async function nearestToB(store: Store, version?: string): Promise<string> {
  return (await store.neighbours('b', 1, version)).neighbours[0].itemId;
}

async function publishAndDie(folder: string, failpoint: Failpoint): Promise<void> {
  const child = spawn(process.execPath, [PUBLISH_AND_DIE, folder, failpoint], { stdio: 'inherit' });
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL');
}

test('killed while publishing, one version stays whole; publishing again ends the same', async (context) => {
  const folder = await emptyStoreFolder(context);
  let store = await openTestStore(context, folder);
  const old = await publishRun(store, 'old', smallDraft);
  const undisturbed = await publishRun(store, 'undisturbed', turnedDraft);

  for (const [failpoint, committed] of [
    ['publish:before-index', false],
    ['publish:after-rename', false],
    ['publish:before-commit', false],
    ['publish:after-commit', true],
  ] as const) {
    await context.test(failpoint, async () => {
      await store.activateVersion(old.id);
      const versionsBefore = (await store.listVersions()).length;
      await store.close();
      await publishAndDie(folder, failpoint);

      store = await openTestStore(context, folder);
      assert.equal((await store.listVersions()).length, versionsBefore + (committed ? 1 : 0));
      assert.equal((await store.activeVersion())?.id === old.id, !committed);
      assert.equal(await nearestToB(store), committed ? 'd' : 'a');

      const again = await publishRun(store, failpoint, turnedDraft);
      assert.equal(again.active, true);
      assert.equal(again.manifest.contentHash, undisturbed.manifest.contentHash);
      assert.equal((await store.listVersions()).length, versionsBefore + 1);
      assert.equal(await nearestToB(store), 'd');
    });
  }
  const versions = (await store.listVersions()).map(({ id }) => `${id}.hnsw`);
  assert.deepEqual(readdirSync(path.join(folder, 'indexes')).sort(), versions.sort());
});

test('index files that are missing, damaged or unwritable', async (context) => {
  const folder = await emptyStoreFolder(context);
  const store = await openTestStore(context, folder);
  const indexes = path.join(folder, 'indexes');
  const damages: Record<string, (file: string, sound: Buffer) => void> = {
    missing: (file) => rmSync(file),
    empty: (file) => writeFileSync(file, ''),
    truncated: (file, sound) => writeFileSync(file, sound.subarray(0, sound.length - 8)),
    'with one bit flipped': (file, sound) => writeFileSync(file, sound.with(100, sound[100] ^ 1)),
    'with a crafted header': (file, sound) => writeFileSync(file, sound.fill(0xff, 0, 96)),
  };
  for (const [damage, inflict] of Object.entries(damages)) {
    await context.test(`a file ${damage} is rebuilt to the same bytes and answers right`, async () => {
      const { id } = await publishRun(store, damage, smallDraft);
      const file = path.join(indexes, `${id}.hnsw`);
      const sound = readFileSync(file);
      inflict(file, Buffer.from(sound));
      assert.equal(await nearestToB(store, id), 'a');
      assert.deepEqual(readFileSync(file), sound);
    });
  }

  await context.test('what a killed writer left is removed by the next publication', async () => {
    const leftBehind = path.join(indexes, 'version.hnsw.999999999.tmp');
    writeFileSync(leftBehind, 'half an index');
    await publishRun(store, 'cleans up', smallDraft);
    assert.ok(readdirSync(indexes).every((name) => name.endsWith('.hnsw')));
  });

  await context.test(
    'a folder that cannot be written fails the publication and leaves the old version',
    async () => {
      const active = await store.activeVersion();
      rmSync(indexes, { recursive: true });
      writeFileSync(indexes, 'not a folder');
      await assert.rejects(publishRun(store, 'unwritable', turnedDraft), /indexes/);
      assert.deepEqual(await store.activeVersion(), active);
      rmSync(indexes);
      await publishRun(store, 'unwritable', turnedDraft);
      assert.equal(await nearestToB(store), 'd');
    },
  );
});
