// A whole version as a folder: what is written is read back, a folder that is not as it was written is
// refused in one sentence, and published it is the version and the finished run that made it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { filesIn } from '../../src/file-hash.ts';
import { sealedJson } from '../../src/sealed-json.ts';
import { draftHash } from '../../src/storage/draft.ts';
import { encoderFolderOf } from '../../src/storage/encoder-folder.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { readVersionFolder, writeVersionFolder } from '../../src/storage/version-folder.ts';
import { smallDraft, turnedDraft } from '../support/drafts.ts';
import { refused } from '../support/errors.ts';
import { startPostgresServer } from '../support/postgres-server.ts';
import { emptyStoreFolder, openTestStore, silentLog, temporaryFolder } from '../support/stores.ts';
import { ENCODER_FILES, learntRun, learntVersion, RUN_ID, writeEncoder } from '../support/version-folders.ts';

const PUBLISH_AND_DIE = path.join(import.meta.dirname, '../support/publish-and-die.ts');
const FILES = ['items.jsonl', 'users.jsonl', 'vectors.safetensors', 'version.json'];

/** A version folder with an encoder in it, alone in a folder. */
async function versionFolder(context: TestContext): Promise<string> {
  const folder = path.join(await temporaryFolder(context), 'version');
  const encoder = writeEncoder(await temporaryFolder(context));
  await writeVersionFolder(folder, learntVersion({ encoder }));
  return folder;
}

test('what is written is read back', async (context) => {
  const folder = await versionFolder(context);
  assert.deepEqual(
    filesIn(folder),
    [...Object.keys(ENCODER_FILES).map((name) => `encoder/${name}`), ...FILES].sort(),
  );
  const encoder = path.join(folder, 'encoder');
  const { contentHash, encoderFiles, ...read } = await readVersionFolder(folder);
  const { draft, ...written } = learntVersion({ encoder });
  assert.deepEqual(read, { ...written, draft });
  assert.equal(contentHash, await draftHash(draft));
  for (const [name, content] of Object.entries(ENCODER_FILES)) {
    assert.equal(readFileSync(path.join(encoder, name), 'utf8'), content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    assert.deepEqual(encoderFiles?.[name], { bytes: content.length, sha256 });
  }
});

test('a version may have no encoder, no users, and ids and texts of any characters', async (context) => {
  const folder = path.join(await temporaryFolder(context), 'version');
  const items = smallDraft(RUN_ID).items.map((item, i) => ({
    ...item,
    itemId: `${i}\n "\u2028é\\`,
    description: 'two\r\nlines',
  }));
  const changes = {
    items,
    userIds: [],
    priorPreferences: new Float32Array(),
    inferredPreferences: new Float32Array(),
  };
  await writeVersionFolder(folder, learntVersion(changes));
  assert.deepEqual(filesIn(folder), FILES);
  const { draft, encoderFiles } = await readVersionFolder(folder);
  assert.deepEqual(draft, { ...smallDraft(RUN_ID, changes), encoder: undefined });
  assert.equal(encoderFiles, undefined);
});

test('a folder is whole or not there', async (context) => {
  const place = await temporaryFolder(context);
  const folder = path.join(place, 'version');
  const empty = path.join(place, 'no-encoder');
  mkdirSync(empty);
  for (const [encoder, message] of [
    [path.join(place, 'nowhere'), /ENOENT/],
    [empty, /no-encoder: got a folder without files/],
  ] as const) {
    await assert.rejects(writeVersionFolder(folder, learntVersion({ encoder })), message);
    assert.deepEqual(readdirSync(place), ['no-encoder']);
  }
  await writeVersionFolder(folder, learntVersion());
  const embeddings = Float32Array.of(1, 0, Number.NaN, 0, 0, 1, 1, 1);
  await assert.rejects(writeVersionFolder(folder, learntVersion({ embeddings })), { code: 'bad-data' });
  assert.deepEqual((await readVersionFolder(folder)).draft, {
    ...smallDraft(RUN_ID),
    encoder: undefined,
  });
  await writeVersionFolder(folder, { ...learntVersion(), draft: turnedDraft(RUN_ID) });
  assert.deepEqual((await readVersionFolder(folder)).draft.embeddings, turnedDraft(RUN_ID).embeddings);
});

/** version.json as somebody might write it who knows the seal. */
const resealed = (edit: (said: Record<string, unknown>) => void) => (folder: string) => {
  const file = path.join(folder, 'version.json');
  const { contentSha256: _, ...said } = JSON.parse(readFileSync(file, 'utf8'));
  edit(said);
  writeFileSync(file, sealedJson(said));
};

const DAMAGES: Readonly<Record<string, readonly [damage: (folder: string) => void, message: RegExp]>> = {
  'without version.json': [
    (folder) => rmSync(path.join(folder, 'version.json')),
    /got no version\.json, which is written last, .* give a folder that `npx tslrec export-version`/,
  ],
  'with version.json changed by hand': [
    (folder) => {
      const file = path.join(folder, 'version.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace('"quick"', '"large"'));
    },
    /version\.json: got another content than what tslrec wrote; copy the whole folder again/,
  ],
  'of another format': [
    resealed((said) => {
      said.format = 2;
    }),
    /version\.json: got the format 2, expected 1; use the version of tslrec that wrote it/,
  ],
  'with a field that is missing': [
    resealed((said) => {
      delete said.run;
    }),
    /version\.json: got another content than what tslrec wrote/,
  ],
  'of another content than its hash': [
    resealed((said) => {
      said.contentHash = 'f'.repeat(64);
    }),
    /got the content hash \w{64}, expected f{64}; copy the whole folder again/,
  ],
  'of other shapes than it says': [
    resealed((said) => {
      said.dimension = 3;
    }),
    /embeddings has 8 values; 4 rows of 3 need 12/,
  ],
  'with a file too many': [
    (folder) => writeFileSync(path.join(folder, 'encoder', 'notes.txt'), 'mine'),
    /notes\.txt was not there when it was written; copy the whole folder again/,
  ],
  'with a file that has grown': [
    (folder) => appendFileSync(path.join(folder, 'items.jsonl'), '\n'),
    /items\.jsonl is another file than the one that was written; copy/,
  ],
};
for (const name of ['items.jsonl', 'users.jsonl', 'vectors.safetensors', 'encoder/encoder.json']) {
  Object.assign(DAMAGES, {
    [`without ${name}`]: [
      (folder: string) => rmSync(path.join(folder, name)),
      new RegExp(`${name} is missing; copy the whole folder again`),
    ],
    [`with one bit of ${name} changed`]: [
      (folder: string) => {
        const file = path.join(folder, name);
        const bytes = readFileSync(file);
        bytes[bytes.length - 2] ^= 1;
        writeFileSync(file, bytes);
      },
      new RegExp(`${name} is another file than the one that was written; copy`),
    ],
  });
}

test('a folder that is not as it was written is refused and never published', async (context) => {
  const good = await versionFolder(context);
  const store = await openTestStore(context, await emptyStoreFolder(context));
  for (const [name, [damage, message]] of Object.entries(DAMAGES)) {
    const folder = path.join(await temporaryFolder(context), name);
    cpSync(good, folder, { recursive: true });
    damage(folder);
    await assert.rejects(readVersionFolder(folder), refused(message, folder), name);
    await assert.rejects(store.publishFolder(folder), refused(message, folder), name);
  }
  assert.deepEqual(await store.listVersions(), []);
  assert.deepEqual(await store.listRuns(9), []);
});

const onPglite = async (context: TestContext): Promise<Store> =>
  openTestStore(context, await emptyStoreFolder(context));
const onPostgres = async (context: TestContext): Promise<Store> => {
  const [url, folder] = [await startPostgresServer(context), await temporaryFolder(context)];
  await (await openStore(url, { migrate: true, folder, log: silentLog })).close();
  return openTestStore(context, url, folder);
};

for (const [name, open] of [
  ['a folder', onPglite],
  ['Postgres', onPostgres],
] as const) {
  test(`published in ${name}, it is the version and the finished run`, async (context) => {
    const store = await open(context);
    const folder = await versionFolder(context);
    const { version, published } = await store.publishFolder(folder);
    assert.equal(published, true);
    assert.equal(version.active, true);
    const { contentHash, encoderFiles } = await readVersionFolder(folder);
    const { id, createdAt, manifest } = version;
    assert.deepEqual(
      [id, createdAt.toISOString(), manifest.createdAt, manifest.contentHash],
      [RUN_ID, ...Array(2).fill('2026-02-01T00:31:00.000Z'), contentHash],
    );
    assert.deepEqual(manifest.encoder, { files: encoderFiles });
    const encoder = await encoderFolderOf(store.folder, version);
    assert.deepEqual(filesIn(encoder), Object.keys(ENCODER_FILES));
    assert.equal((await store.neighbours('b', 1)).neighbours[0].itemId, 'a');
    if (process.platform !== 'win32')
      assert.equal(statSync(path.join(encoder, 'encoder.json')).mode & 0o077, 0);

    const { stages, host: _, processId: __, ...run } = learntRun();
    const [{ finishedAt, ...found }] = await store.listRuns(9);
    assert.ok(finishedAt);
    const { metrics } = manifest;
    assert.deepEqual(found, {
      ...without(run, 'finishedAt'),
      status: 'finished',
      version: id,
      metrics,
      error: null,
    });
    assert.deepEqual(await store.finishedStages(id), stages);

    assert.deepEqual(await store.publishFolder(folder), {
      version,
      published: false,
      encoderRestored: false,
    });
  });

  test(`a run that ${name} knows already is finished by it`, async (context) => {
    const store = await open(context);
    const { runId } = await store.beginRun({ key: 'nightly', command: 'refresh', options: { data: 'toys' } });
    await store.finishStage(runId, 'pretrain', 1, {});
    await store.failRun(runId, 'killed');
    const folder = path.join(await temporaryFolder(context), 'version');
    const run = learntRun(runId);
    await writeVersionFolder(folder, { ...learntVersion(), draft: smallDraft(runId), run });
    assert.equal((await store.publishFolder(folder)).version.id, runId);
    const [{ status, error, version }] = await store.listRuns(9);
    assert.deepEqual([status, error, version], ['finished', null, runId]);
    const stages = (await store.finishedStages(runId)).map(({ stage, seconds }) => [stage, seconds]);
    assert.deepEqual(Object.fromEntries(stages), { pretrain: 12.25, augment: 1.5 });
  });
}

function without<Value extends object, Key extends keyof Value>(value: Value, key: Key): Omit<Value, Key> {
  const { [key]: _, ...rest } = value;
  return rest;
}

test('killed while it is published, all of it is there or nothing; then publishing ends', async (context) => {
  const version = await versionFolder(context);
  for (const [failpoint, committed] of [
    ['publish:before-index', false],
    ['publish:before-commit', false],
    ['publish:after-commit', true],
  ] as const) {
    await context.test(failpoint, async () => {
      const folder = await emptyStoreFolder(context);
      const arguments_ = [PUBLISH_AND_DIE, folder, failpoint, version];
      const [, signal] = await once(spawn(process.execPath, arguments_, { stdio: 'inherit' }), 'exit');
      assert.equal(signal, 'SIGKILL');
      const store = await openTestStore(context, folder);
      const before = [(await store.listVersions()).length, (await store.listRuns(9)).length];
      assert.deepEqual(before, committed ? [1, 1] : [0, 0]);
      assert.equal((await store.publishFolder(version)).published, !committed);
      assert.equal((await store.embedding('a')).version, RUN_ID);
      assert.deepEqual(readdirSync(path.join(folder, 'encoders')), [RUN_ID]);
      await encoderFolderOf(folder, (await store.activeVersion())!);
      await store.close();
    });
  }
});

test('what a killed copy of an encoder has left is removed by the next publication', async (context) => {
  const store = await onPglite(context);
  const leftBehind = path.join(store.folder, 'encoders', 'version.999999999.tmp');
  writeEncoder(leftBehind);
  await store.publishFolder(await versionFolder(context));
  assert.equal(existsSync(leftBehind), false);
});

test('the encoder of a version is used only as it was published', async (context) => {
  const store = await onPglite(context);
  const { runId } = await store.beginRun({ key: 'plain', command: 'refresh', options: {} });
  await assert.rejects(
    encoderFolderOf(store.folder, await store.publish(smallDraft(runId))),
    refused(/^Version \S+ has no encoder: it was published without one; run `npx tslrec refresh`\.$/),
  );

  const folder = await versionFolder(context);
  const { version } = await store.publishFolder(folder);
  const encoder = await encoderFolderOf(store.folder, version);
  for (const [damage, found] of [
    [() => rmSync(encoder, { recursive: true }), 'is missing'],
    [() => writeFileSync(path.join(encoder, 'encoder.json'), '{"format": 2}\n'), 'is another file'],
    [() => writeFileSync(path.join(encoder, 'mine.txt'), ''), 'was not there'],
  ] as const) {
    damage();
    await assert.rejects(
      encoderFolderOf(store.folder, version),
      refused(new RegExp(`${found}.*; run \`npx tslrec export-version --version ${RUN_ID}\` on a machine`)),
    );
    const again = await store.publishFolder(folder);
    assert.deepEqual(again, { version, published: false, encoderRestored: true });
    assert.equal(await encoderFolderOf(store.folder, version), encoder);
  }
});

test('another version of the same id is refused, by its content or by its encoder', async (context) => {
  const store = await onPglite(context);
  const folder = await versionFolder(context);
  const { version } = await store.publishFolder(folder);
  const encoder = writeEncoder(await temporaryFolder(context));
  const other = writeEncoder(await temporaryFolder(context), { 'encoder.json': 'another' });
  for (const [draft, differs] of [
    [{ ...turnedDraft(RUN_ID), encoder }, 'another content'],
    [smallDraft(RUN_ID, { encoder: other }), 'another encoder'],
    [smallDraft(RUN_ID), 'another encoder'],
  ] as const) {
    await writeVersionFolder(folder, { ...learntVersion(), draft });
    await assert.rejects(
      store.publishFolder(folder),
      refused(new RegExp(`got version ${RUN_ID} with ${differs} than the version of that id`), folder),
    );
  }
  assert.deepEqual(await store.listVersions(), [version]);
  await encoderFolderOf(store.folder, version);
});
