// Index files: where they lie, what is done with those of before, and what a full disk leaves. hnswlib
// reports no write that fails; a limit on the size of files (RLIMIT_FSIZE) stands for a disk without space.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import hnswlib from 'hnswlib-node';
import { writeIndexFile } from '../../src/storage/index-file.ts';
import { openPglite } from '../../src/storage/pglite.ts';
import { createStore } from '../../src/storage/store.ts';
import { smallDraft } from '../support/drafts.ts';
import { emptyStoreFolder, openTestStore, silentLog, temporaryFolder } from '../support/stores.ts';

const SOURCE = path.join(import.meta.dirname, '../../src');
const PUBLISH_WITHOUT_SPACE = path.join(import.meta.dirname, '../support/publish-without-space.ts');
const withoutPrlimit = spawnSync('prlimit', ['--version']).error ? 'prlimit is not installed' : false;
const NO_SPACE =
  /^tslrec: \S+\.hnsw cannot be used: it would grow .* \(`ulimit -f` says .*; give another path .*\.\n$/;

/** 500 vectors in the plane, of which every second one has been before. */
const plane = Float32Array.from({ length: 1000 }, (_, i) => {
  const angle = Math.floor(i / 4) / 40;
  return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
});

test('an index that cannot be written whole ends in one sentence and leaves nothing', {
  skip: withoutPrlimit,
}, async (context) => {
  const folder = await temporaryFolder(context);
  const file = path.join(folder, 'some.hnsw');
  await writeIndexFile({ file, embeddings: plane, dimension: 2 });
  const { size } = statSync(file);
  const sound = readFileSync(file);
  const program = path.join(await temporaryFolder(context), 'write.mjs');
  writeFileSync(
    program,
    `const { writeIndexFile } = await import(${JSON.stringify(path.join(SOURCE, 'storage/index-file.ts'))});
    const { printable } = await import(${JSON.stringify(path.join(SOURCE, 'errors.ts'))});
    const embeddings = Float32Array.from(${JSON.stringify(Array.from(plane))});
    const file = ${JSON.stringify(file)};
    await writeIndexFile({ file, embeddings, dimension: 2 }).catch((error) => {
      console.error(printable(error));
      process.exitCode = 1;
    });`,
  );
  const write = (bytes: number) =>
    spawnSync('prlimit', [`--fsize=${bytes}`, process.execPath, program], { encoding: 'utf8' });
  // Nothing, the header, half the file, all but the last byte.
  for (const bytes of [0, 96, Math.floor(size / 2), size - 1]) {
    const { status, stderr } = write(bytes);
    assert.equal(status, 1, `${bytes} of ${size} bytes: ${stderr}`);
    assert.match(stderr, NO_SPACE);
    assert.deepEqual(readdirSync(folder), ['some.hnsw']);
    assert.deepEqual(readFileSync(file), sound);
  }
  assert.equal(write(size).status, 0);
});

test('a publication without space for its index leaves the old version as it was', {
  skip: withoutPrlimit,
}, async (context) => {
  const folder = await emptyStoreFolder(context);
  const before = await openTestStore(context, folder);
  const { runId } = await before.beginRun({ key: 'old', command: 'refresh', options: {} });
  const old = await before.publish(smallDraft(runId));
  await before.close();

  const { status, stderr } = spawnSync(process.execPath, [PUBLISH_WITHOUT_SPACE, folder, '700'], {
    encoding: 'utf8',
  });
  assert.equal(status, 1, stderr);
  assert.match(stderr, NO_SPACE);
  assert.deepEqual(readdirSync(path.join(folder, 'indexes')), [`${old.id}.hnsw`]);
  const store = await openTestStore(context, folder);
  assert.equal((await store.activeVersion())?.id, old.id);
  assert.equal((await store.neighbours('b', 1)).neighbours[0].itemId, 'a');
});

test('over one database', async (context) => {
  const folder = await emptyStoreFolder(context);
  const database = await openPglite(folder);
  context.after(database.close);
  const newStore = () => createStore(database, folder, silentLog);
  const publish = async () => {
    const store = newStore();
    const { runId } = await store.beginRun({ key: `${Math.random()}`, command: 'refresh', options: {} });
    await store.publish(
      smallDraft(runId, {
        items: Array.from({ length: 500 }, (_, row) => ({ itemId: `i${row}`, attributes: {} })),
        embeddings: plane,
        itemCategories: new Int32Array(500),
        inferredItemCategories: new Float32Array(1000).fill(0.5),
      }),
    );
    return { id: runId, file: path.join(folder, 'indexes', `${runId}.hnsw`) };
  };
  const neighbours = async (id: string) => (await newStore().neighbours('i8', 5, id)).neighbours;
  const expected = ['i9', 'i6', 'i7', 'i10', 'i11'];
  const setIndex = (id: string, index: object) =>
    database.query(`UPDATE versions SET manifest = jsonb_set(manifest, '{index}', $2::jsonb) WHERE id = $1`, [
      id,
      JSON.stringify(index),
    ]);

  await context.test('no name from the database says which file is written', async () => {
    const { id, file } = await publish();
    const sound = readFileSync(file);
    const victim = path.join(folder, 'victim');
    writeFileSync(victim, 'mine');
    for (const name of ['victim', '../victim', victim, 'indexes/../victim', '']) {
      await setIndex(id, { file: name, sha256: '0', bytes: 4 });
      rmSync(file, { force: true });
      assert.deepEqual(
        (await neighbours(id)).map(({ itemId }) => itemId),
        expected,
      );
      assert.equal(readFileSync(victim, 'utf8'), 'mine');
      assert.deepEqual(readFileSync(file), sound);
    }
  });

  await context.test('an id that is no plain name has no file, and is served without one', async () => {
    const { id } = await publish();
    const victim = path.join(folder, 'victim.hnsw');
    writeFileSync(victim, 'mine');
    const before = readdirSync(path.join(folder, 'indexes'));
    for (const strange of ['../victim', '..', 'a/b', '/tmp/victim', 'x'.repeat(200), 'a b', 'ü']) {
      for (const [table, column] of [
        ['runs', 'id'],
        ['versions', 'id'],
        ['embeddings', 'version'],
        ['item_categories', 'version'],
        ['preferences', 'version'],
        ['categories', 'version'],
      ]) {
        const copied = `jsonb_set(to_jsonb(each), '{${column}}', to_jsonb($2::text))`;
        await database.query(
          `INSERT INTO ${table} OVERRIDING SYSTEM VALUE
           SELECT (jsonb_populate_record(NULL::${table}, ${copied})).*
           FROM ${table} AS each WHERE ${column} = $1`,
          [id, strange],
        );
      }
      assert.deepEqual(
        (await neighbours(strange)).map(({ itemId }) => itemId),
        expected,
        strange,
      );
      await database.query('DELETE FROM versions WHERE id = $1', [strange]);
      await assert.rejects(newStore().publish(smallDraft(strange)), {
        code: 'bad-data',
        message: /cannot have an index file: an id has up to 100 letters, digits, "-" and "_"\.$/,
      });
    }
    assert.equal(readFileSync(victim, 'utf8'), 'mine');
    assert.deepEqual(readdirSync(path.join(folder, 'indexes')), before);
    assert.ok(!existsSync(path.join(folder, 'a')));
  });

  await context.test('a file of before, which holds every row, is not read but made anew', async () => {
    const { id, file } = await publish();
    const [sound, answers] = [readFileSync(file), await neighbours(id)];
    const old = new hnswlib.HierarchicalNSW('cosine', 2);
    old.initIndex(500, 16, 200, 1);
    for (let row = 0; row < 500; row++) old.addPoint(Array.from(plane.subarray(2 * row, 2 * row + 2)), row);
    old.writeIndexSync(file);
    const bytes = readFileSync(file);
    await setIndex(id, {
      file: `indexes/${id}.hnsw`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    });
    assert.deepEqual(await neighbours(id), answers);
    assert.deepEqual(readFileSync(file), sound);
  });

  await context.test('where no file can be written, the rows alone answer', async () => {
    const { id, file } = await publish();
    const answers = await neighbours(id);
    rmSync(path.dirname(file), { recursive: true });
    writeFileSync(path.dirname(file), 'not a folder');
    assert.deepEqual(await neighbours(id), answers);
    rmSync(path.dirname(file));
  });
});
