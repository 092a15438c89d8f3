// What a crash or a damaged file leaves: readers have one whole version, and the next run finishes without hand work.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Failpoint, Store } from '../../src/storage/store.ts';
import { smallDraft, turnedDraft } from '../support/drafts.ts';
import { emptyStoreFolder, openTestStore, temporaryFolder } from '../support/stores.ts';

const PUBLISH_AND_DIE = path.join(import.meta.dirname, '../support/publish-and-die.ts');

async function publishFirst(store: Store): Promise<string> {
  const { runId } = await store.beginRun({ key: 'first', command: 'refresh', options: {} });
  await store.publish(smallDraft(runId));
  return runId;
}

async function nearestTo(store: Store, itemId: string, version?: string): Promise<string> {
  return (await store.neighbours(itemId, 1, version)).neighbours[0].itemId;
}

async function publishAndDie(folder: string, failpoint: Failpoint): Promise<void> {
  const child = spawn(process.execPath, [PUBLISH_AND_DIE, folder, failpoint], { stdio: 'inherit' });
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL');
}

test('killed while publishing, the old or the new version is served whole, and publishing again ends the same', async (context) => {
  const template = await emptyStoreFolder(context);
  const store = await openTestStore(context, template);
  const first = await publishFirst(store);
  await store.close();
  const undisturbed = await publishAfterCrash(context, template, undefined);

  for (const [failpoint, committed] of [
    ['publish:before-index', false],
    ['publish:after-rename', false],
    ['publish:before-commit', false],
    ['publish:after-commit', true],
  ] as const) {
    await context.test(failpoint, async (subtest) => {
      const { servedAfterCrash, versions, contentHash, nearest, indexes } = await publishAfterCrash(
        subtest,
        template,
        failpoint,
      );
      assert.deepEqual(servedAfterCrash, committed ? { nearest: 'd', old: false } : { nearest: 'a', old: true });
      assert.equal(versions.length, 2);
      assert.equal(versions[1], first);
      assert.equal(contentHash, undisturbed.contentHash);
      assert.equal(nearest, 'd');
      assert.deepEqual(indexes, versions.map((id) => `${id}.hnsw`).sort());
    });
  }

  /** Kills a publisher in a copy of the template (or does not), then publishes the same again. */
  async function publishAfterCrash(within: TestContext, from: string, failpoint: Failpoint | undefined) {
    const folder = await temporaryFolder(within);
    await cp(from, folder, { recursive: true });
    if (failpoint) await publishAndDie(folder, failpoint);
    const reopened = await openTestStore(within, folder);
    const old = (await reopened.activeVersion())?.id === first;
    const servedAfterCrash = { nearest: await nearestTo(reopened, 'b'), old };
    const { runId, resumed } = await reopened.beginRun({ key: 'nightly', command: 'refresh', options: {} });
    assert.equal(resumed, failpoint !== undefined);
    writeFileSync(path.join(folder, 'indexes', 'left-behind.hnsw.999999999.tmp'), '');
    const { manifest } = await reopened.publish(turnedDraft(runId));
    const versions = (await reopened.listVersions()).map(({ id }) => id);
    const nearest = await nearestTo(reopened, 'b');
    await reopened.close();
    const indexes = readdirSync(path.join(folder, 'indexes')).filter(
      (name) => failpoint !== 'publish:after-commit' || !name.endsWith('.tmp'),
    );
    return { servedAfterCrash, versions, contentHash: manifest.contentHash, nearest, indexes };
  }
});

test('an index file that is missing or damaged is rebuilt to the same bytes and answers right', async (context) => {
  const folder = await emptyStoreFolder(context);
  const store = await openTestStore(context, folder);
  const version = await publishFirst(store);
  await store.close();
  const file = path.join(folder, 'indexes', `${version}.hnsw`);
  const sound = readFileSync(file);
  const flipped = Buffer.from(sound);
  flipped[100] ^= 1;
  const damages: [string, () => void][] = [
    ['missing', () => rmSync(file)],
    ['empty', () => writeFileSync(file, '')],
    ['truncated', () => writeFileSync(file, sound.subarray(0, sound.length - 8))],
    ['one bit flipped', () => writeFileSync(file, flipped)],
    ['a crafted header', () => writeFileSync(file, Buffer.concat([Buffer.alloc(96, 0xff), sound.subarray(96)]))],
  ];
  for (const [damage, inflict] of damages) {
    await context.test(damage, async (subtest) => {
      inflict();
      const reopened = await openTestStore(subtest, folder);
      assert.equal(await nearestTo(reopened, 'b'), 'a');
      await reopened.close();
      assert.deepEqual(readFileSync(file), sound);
    });
  }
});

test('an index that cannot be written fails the publication and leaves the old version', async (context) => {
  const folder = await emptyStoreFolder(context);
  const store = await openTestStore(context, folder);
  const first = await publishFirst(store);
  const { runId } = await store.beginRun({ key: 'nightly', command: 'refresh', options: {} });
  rmSync(path.join(folder, 'indexes'), { recursive: true });
  writeFileSync(path.join(folder, 'indexes'), 'not a folder');
  await assert.rejects(store.publish(turnedDraft(runId)), /indexes/);
  assert.equal((await store.activeVersion())?.id, first);
  rmSync(path.join(folder, 'indexes'));
  assert.equal((await store.publish(turnedDraft(runId))).id, runId);
  assert.ok(existsSync(path.join(folder, 'indexes', `${runId}.hnsw`)));
});
