// A version taken from one store to another by export-version and import-version: readers get the same bytes
// there, twice is told, and what stands in the way of either is one sentence.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { exportVersion } from '../../jobs/export-version.ts';
import { importVersion } from '../../jobs/import-version.ts';
import { createApp } from '../../src/api/app.ts';
import { filesIn } from '../../src/file-hash.ts';
import { encoderFolderOf } from '../../src/storage/encoder-folder.ts';
import { openPglite } from '../../src/storage/pglite.ts';
import { openStore, type VersionDraft } from '../../src/storage/store.ts';
import { tslrec } from '../support/command-line.ts';
import { smallDraft, turnedDraft } from '../support/drafts.ts';
import { refused } from '../support/errors.ts';
import { startPostgresServer } from '../support/postgres-server.ts';
import { emptyStoreFolder, silentLog, temporaryFolder } from '../support/stores.ts';
import { ENCODER_FILES, writeEncoder } from '../support/version-folders.ts';

/** A store, and the folder that its files are in. */
interface Place {
  readonly store: string;
  readonly folder: string;
}

const inFolder = async (context: TestContext): Promise<Place> => {
  const folder = await emptyStoreFolder(context);
  return { store: folder, folder };
};
const inPostgres = async (context: TestContext): Promise<Place> => ({
  store: await startPostgresServer(context),
  folder: await temporaryFolder(context),
});

const log = silentLog;

/** A version with an encoder, its run finished, and a later one without; gives their ids. */
async function publishTwo(
  context: TestContext,
  { store: location, folder }: Place,
): Promise<[string, string]> {
  const store = await openStore(location, { folder, migrate: true, log });
  try {
    const encoder = writeEncoder(await temporaryFolder(context));
    const publish = async (key: string, draft: (runId: string) => VersionDraft) => {
      const { runId } = await store.beginRun({ key, command: 'refresh', options: { data: 'toys' } });
      await store.finishStage(runId, 'pretrain', 1.5, { epochs: 3 });
      const { manifest } = await store.publish(draft(runId));
      await store.finishRun(runId, runId, manifest.metrics);
      return runId;
    };
    return [
      await publish('first', (runId) => smallDraft(runId, { encoder })),
      await publish('second', turnedDraft),
    ];
  } finally {
    await store.close();
  }
}

const READS = [
  ...['a', 'b', 'c%2F%C3%B6%3F', 'd'].flatMap((id) => [`/embeddings/${id}`, `/items/${id}/neighbors?k=3`]),
  ...['/users/u1/preferences', '/users/u2/preferences', '/categories', '/embeddings/e'],
];

/** What the HTTP API answers of a version, byte for byte, and what the store tells of its run. */
async function answers({ store: location, folder }: Place, version: string) {
  const store = await openStore(location, { folder, log });
  const server = createServer(createApp({ store, log })).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const bodies: Record<string, string> = {};
    for (const read of READS) {
      const query = `${read.includes('?') ? '&' : '?'}version=${version}`;
      bodies[read] = await (await fetch(`http://127.0.0.1:${port}${read}${query}`)).text();
    }
    const runs = (await store.listRuns(9)).filter(({ runId }) => runId === version);
    const found = (await store.listVersions()).find(({ id }) => id === version)!;
    const encoder = found.manifest.encoder && (await encoderFolderOf(store.folder, found));
    return {
      bodies,
      runs,
      stages: await store.finishedStages(version),
      manifest: found.manifest,
      encoder:
        encoder && filesIn(encoder).map((name) => [name, readFileSync(path.join(encoder, name), 'utf8')]),
      active: (await store.activeVersion())?.id,
    };
  } finally {
    server.close();
    await store.close();
  }
}

const ROUTES = [
  ['a folder', 'a folder', inFolder, inFolder],
  ['a folder', 'Postgres', inFolder, inPostgres],
  ['Postgres', 'a folder', inPostgres, inFolder],
] as const;

for (const [from, to, openFrom, openTo] of ROUTES) {
  test(`from ${from} to ${to}: readers get the same bytes`, async (context) => {
    const [source, target] = [await openFrom(context), await openTo(context)];
    const [first, second] = await publishTwo(context, source);
    const exported = path.join(await temporaryFolder(context), 'exported');
    for (const [version, asked] of [
      [first, first],
      [second, undefined],
    ] as const) {
      const { id } = await exportVersion({ ...source, version: asked, output: exported, force: false, log });
      assert.equal(id, version);
      const imported = await importVersion({ ...target, input: exported, log });
      assert.equal(imported.published, true);
      const again = await importVersion({ ...target, input: exported, log });
      assert.deepEqual(again, { version: imported.version, published: false, encoderRestored: false });

      const here = await answers(source, version);
      assert.equal(Object.values(here.bodies).filter((body) => body.includes('"error"')).length, 1);
      assert.deepEqual(await answers(target, version), { ...here, active: version });
      assert.deepEqual(here.encoder, version === first ? Object.entries(ENCODER_FILES) : undefined);
    }
  });
}

test('a store that shares the database gets the encoder that lies on another machine', async (context) => {
  const source = await inPostgres(context);
  const other = { ...source, folder: await temporaryFolder(context) };
  const [version] = await publishTwo(context, source);
  const exported = path.join(await temporaryFolder(context), 'exported');
  await assert.rejects(
    exportVersion({ ...other, version, output: exported, force: false, log }),
    refused(/^The encoder of version \S+ cannot be used: \S+ is missing; run `npx tslrec export-version/),
  );
  await exportVersion({ ...source, version, output: exported, force: false, log });
  assert.equal((await importVersion({ ...other, input: exported, log })).encoderRestored, true);
  const { active: _, ...here } = await answers(source, version);
  const { active: __, ...there } = await answers(other, version);
  assert.deepEqual(there, here);
});

test('an export of a version that is not as it was published is refused', async (context) => {
  for (const [sql, found] of [
    [`DELETE FROM embeddings WHERE item_id = 'b'`, 'it has the rows of 3 items, its manifest says 4'],
    [`DELETE FROM preferences WHERE user_id = 'u2'`, 'it has the rows of 1 users, its manifest says 2'],
    [`UPDATE preferences SET prior = '[0,1]'`, 'the content hash of its rows is .*, its manifest says .*'],
    [`DELETE FROM items WHERE item_id = 'c/ö?'`, 'the text of item "c/ö\\?" is missing'],
  ]) {
    const folder = await emptyStoreFolder(context);
    const [, version] = await publishTwo(context, { store: folder, folder });
    const database = await openPglite(folder);
    await database.query(sql);
    await database.close();
    const output = path.join(await temporaryFolder(context), 'exported');
    await assert.rejects(
      exportVersion({ store: folder, folder, output, force: false, log }),
      refused(new RegExp(`^Version ${version} is refused: ${found}; restore its rows .*\\.$`)),
    );
    assert.deepEqual(readdirSync(output), []);
  }
});

test('an export takes the place of an earlier one, and of nothing else', async (context) => {
  const source = await inFolder(context);
  const [first, second] = await publishTwo(context, source);
  const output = path.join(await temporaryFolder(context), 'exported');
  const run = (version: string, force = false) => exportVersion({ ...source, version, output, force, log });
  const said = () => readFileSync(path.join(output, 'version.json'), 'utf8');

  mkdirSync(output);
  await run(first);
  await run(second);
  assert.ok(said().includes(second));
  assert.deepEqual(filesIn(output).length, 4);

  const items = path.join(output, 'items.jsonl');
  writeFileSync(items, 'mine\n');
  const theirs = refused(/is there already, and tslrec cannot tell that it is its own: .* with --force\.$/);
  await assert.rejects(run(first), theirs);
  assert.equal(readFileSync(items, 'utf8'), 'mine\n');
  await run(first, true);
  assert.ok(said().includes(first));

  // A whole folder is replaced: --force is no leave to remove what an export does not write.
  writeFileSync(path.join(output, 'notes.txt'), 'mine');
  for (const force of [false, true]) {
    await assert.rejects(run(second, force), refused(/^--output: got \S+, in which notes\.txt is no part/));
    assert.equal(readFileSync(path.join(output, 'notes.txt'), 'utf8'), 'mine');
  }
  assert.ok(said().includes(first));
});

test('the commands say what they have done, and of a mistake one sentence', async (context) => {
  const place = await temporaryFolder(context);
  const source = { store: path.join(place, 'here'), folder: path.join(place, 'here') };
  const [first, second] = await publishTwo(context, source);
  const ofFirst = `version ${first}, 4 items, 2 users, with its encoder`;
  const whole = path.join(place, 'damaged');
  await exportVersion({ ...source, output: whole, force: false, log });
  rmSync(path.join(whole, 'users.jsonl'));

  for (const [line, code, output] of [
    [`export-version --store here --version ${first} --output out`, 0, `out: ${ofFirst}.`],
    [
      'import-version --store there --input out',
      0,
      `Version ${first}: 4 items, 2 users, with its encoder; readers get it now.`,
    ],
    [
      'import-version --store there --input out',
      0,
      `Version ${first} is in the store already, and it is the one that readers get; nothing was changed.`,
    ],
    [
      'import-version --store here --input out',
      0,
      `Version ${first} is in the store already, and readers get another one; nothing was changed.`,
    ],
    [
      'export-version --store here --output out',
      0,
      `out: version ${second}, 4 items, 2 users, which has no encoder.`,
    ],
    ['export-version --store here --version never --output other', 1, 'tslrec: There is no version "never".'],
    [
      'export-version --store nowhere --output other',
      1,
      `tslrec: There is no store in ${place}/nowhere: run \`npx tslrec refresh\` to make one.`,
    ],
    [
      'export-version --store here --output postgres://me:secret@host/db',
      1,
      'tslrec: postgres://me:***@host/db cannot be written to: give a path on this machine (./ before a ' +
        'name with a colon).',
    ],
    [
      'import-version --store new --input damaged',
      1,
      'tslrec: damaged/users.jsonl is missing; copy the whole folder again.',
    ],
    [
      'import-version --store new --input here',
      1,
      'tslrec: here: got no version.json, which is written last, expected a whole version; ' +
        'give a folder that `npx tslrec export-version` has written.',
    ],
  ] as const) {
    const exit = await tslrec(place, line.split(' '));
    assert.deepEqual([line, exit.stdout + exit.stderr, exit.code], [line, `${output}\n`, code]);
  }
  assert.equal(readdirSync(place).includes('new'), false);
});
