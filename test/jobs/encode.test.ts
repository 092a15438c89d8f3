// `encode` and `prune` through the command line, on a version that a refresh has made.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EncodeResult } from '../../jobs/encode.ts';
import type { RefreshResult } from '../../jobs/refresh.ts';
import { readNpy } from '../../src/formats/npy.ts';
import { openStore } from '../../src/storage/store.ts';
import { lastLine, tslrec } from '../support/command-line.ts';
import { stageNames, stagesIn } from '../support/stages.ts';
import { emptyStoreFolder, silentLog, temporaryFolder } from '../support/stores.ts';

const ITEMS = 20;

async function refreshedStore(context: TestContext) {
  const folder = await temporaryFolder(context);
  const store = await emptyStoreFolder(context);
  const size = ['--users', '24', '--items', `${ITEMS}`, '--categories', '2'];
  await tslrec(folder, ['generate-sample', 'sample', ...size]);
  const refresh = async (...more: string[]) => {
    const parameters = ['--data', 'sample', '--store', store, '--preset', 'quick', '--json', ...more];
    const exit = await tslrec(folder, ['refresh', ...parameters]);
    assert.equal(exit.code, 0, exit.stderr);
    return lastLine<RefreshResult>(exit);
  };
  return { folder, store, refresh, result: await refresh() };
}

test('encode', async (context) => {
  const { folder, store, result } = await refreshedStore(context);
  const at = (name: string) => path.join(folder, name);
  const encode = (...parameters: string[]) => tslrec(folder, ['encode', '--store', store, ...parameters]);
  const catalogue = readFileSync(at('sample/items.jsonl'), 'utf8').trimEnd().split('\n');
  const interactions = readFileSync(at('sample/interactions.csv'), 'utf8');
  const cold = catalogue
    .map((line) => JSON.parse(line).item_id as string)
    .filter((id) => !interactions.includes(`,${id},`));

  await context.test('gives an untouched item its published vector, to 1e-5', async () => {
    const exit = await encode('--items', 'sample/items.jsonl', '--json');
    assert.equal(exit.code, 0, exit.stderr);
    const { version, items, width, ids, output } = lastLine<EncodeResult>(exit);
    assert.deepEqual([version, items, width, output], [result.version, ITEMS, 64, 'vectors.npy']);
    const rows = readFileSync(at(ids), 'utf8').trimEnd().split('\n');
    const { values } = await readNpy(at('vectors.npy'));
    const opened = await openStore(store, { log: silentLog });
    assert.ok(cold.length > 0);
    for (const id of cold) {
      const row = rows.indexOf(id);
      const { embedding } = await opened.embedding(id, undefined);
      const encoded = values.subarray(row * width, (row + 1) * width);
      embedding.forEach((x, j) => {
        assert.ok(Math.abs(x - encoded[j]) < 1e-5, `${id}`);
      });
    }
    await opened.close();
  });

  await context.test('gives one that came later a vector and categories', async () => {
    const line = { item_id: 'new', title: JSON.parse(catalogue[0]).title, attributes: { brand: 'none' } };
    writeFileSync(at('new.jsonl'), `${JSON.stringify(line)}\n`);
    const exit = await encode('--items', 'new.jsonl', '--output', 'new.npy', '--version', result.version);
    assert.equal(exit.code, 0, exit.stderr);
    assert.match(exit.stdout, /^new\.npy: 1 vectors of width 64 \(new\.ids\.txt\), by version \S+\.$/m);
    const [vectors, categories] = [await readNpy(at('new.npy')), await readNpy(at('new.categories.npy'))];
    assert.deepEqual([vectors.shape, categories.shape[0]], [[1, 64], 1]);
    assert.ok(vectors.values.some((x) => x !== 0));
    assert.ok(Math.abs(categories.values.reduce((sum, x) => sum + x, 0) - 1) < 1e-5);
  });

  await context.test('replaces nothing, and tells a mistake in one sentence', async () => {
    const again = await encode('--items', 'new.jsonl', '--output', 'new.npy');
    assert.deepEqual(
      [again.code, /^tslrec: new\.npy is there already, .* --force\.\n$/.test(again.stderr)],
      [1, true],
      again.stderr,
    );
    const unknown = await encode('--items', 'new.jsonl', '--output', 'x.npy', '--version', 'none');
    assert.equal(unknown.stderr, 'tslrec: There is no version "none".\n');
    rmSync(path.join(store, 'encoders', result.version, 'vocabulary.txt'));
    const broken = await encode('--items', 'new.jsonl', '--output', 'x.npy');
    assert.match(broken.stderr, /^tslrec: The encoder of version \S+ cannot be used: \S+vocabulary\.txt is /);
    assert.ok(!existsSync(at('x.npy')));
  });
});

test('prune keeps what the last two versions need, and what was used within a day', async (context) => {
  const { folder, store, refresh } = await refreshedStore(context);
  const prune = () => tslrec(folder, ['prune', '--store', store]);
  const age = () => {
    const old = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const [, at] of stagesIn(store)) utimesSync(at, old, old);
  };
  const ofFirst = stageNames(store);
  assert.match((await prune()).stdout, /^Removed 0 stages of 0\.0 MB; \d+ are kept\.$/m);
  age();
  assert.match((await prune()).stdout, /^Removed 0 stages /);
  assert.deepEqual(stageNames(store), ofFirst);

  // What an earlier version of tslrec, or an evaluation, has left.
  const left = ['0123456789abcdef', 'evaluate-sasrec-text-init-1-0123456789abcdef'];
  for (const name of left) {
    const at = path.join(store, 'work', name);
    mkdirSync(at);
    writeFileSync(path.join(at, 'output.safetensors'), 'x'.repeat(2e6));
  }
  assert.match((await prune()).stdout, /^Removed 0 stages /);
  age();
  const old = new Date(0);
  for (const name of left) utimesSync(path.join(store, 'work', name), old, old);
  assert.match((await prune()).stdout, /^Removed 2 stages of 4\.0 MB; /);
  assert.deepEqual(stageNames(store), ofFirst);

  // Two versions later the stages of the first are not needed any more: the refresh itself removes them.
  const pretrained = () => stageNames(store).filter((name) => name === 'pretrain').length;
  await refresh('--seed', '2');
  assert.equal(pretrained(), 2);
  await refresh('--seed', '3');
  assert.equal(pretrained(), 2);
  age();
  assert.match((await prune()).stdout, /^Removed 0 stages /);
  assert.equal((await refresh('--seed', '3')).seconds.pretrain, 0);
});
