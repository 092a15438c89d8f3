import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { type TrainResult, train } from '../../jobs/train.ts';
import { readIdList } from '../../src/formats/id-list.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { readVectorFile } from '../../src/formats/vector-file.ts';
import { lastLine, tslrec } from '../support/command-line.ts';
import { temporaryFolder } from '../support/stores.ts';

test('train writes model and ids into a new folder; skipped rows are counted and kept', async (context) => {
  const folder = await temporaryFolder(context);
  await tslrec(folder, ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2']);
  const interactions = path.join(folder, 'sample', 'interactions.csv');
  const [, first] = readFileSync(interactions, 'utf8').split('\n');
  appendFileSync(interactions, `U00001,S9999,1\n${first}\n`);
  writeFileSync(interactions, readFileSync(interactions, 'utf8').replace('timestamp', 'ts'));
  const output = path.join('new', 'folder', 'shop.onnx');
  const parameters = [
    '--data',
    'sample',
    '--preset',
    'quick',
    '--on-bad-row',
    'skip',
    '--output',
    output,
    '--json',
  ];
  const exit = await tslrec(folder, ['train', ...parameters]);
  assert.equal(exit.code, 0, exit.stderr);
  const { ids, items, length, weights, notes, skippedRows, skippedRowsFile, test } =
    lastLine<TrainResult>(exit);
  assert.deepEqual([items, skippedRows], [20, 1]);
  assert.ok(test['ndcg@10'] > 0);
  assert.deepEqual(notes, ['interactions.csv: the column "ts" is read as timestamp.']);
  assert.ok(exit.stdout.startsWith(`${notes[0]}\nBad rows skipped: 1`), exit.stdout);
  assert.match(exit.stdout, /^Bad rows skipped: 1; they are in new\/folder\/shop\.skipped-rows\.jsonl\.$/m);
  assert.match(exit.stdout, /^Rows that repeat an earlier one, left out: 1\.$/m);
  assert.equal(JSON.parse(readFileSync(path.join(folder, skippedRowsFile!), 'utf8')).raw, 'U00001,S9999,1');
  assert.equal(readFileSync(path.join(folder, ids), 'utf8').trimEnd().split('\n').length, 20);
  const written = ['shop.ids.txt', 'shop.onnx', 'shop.safetensors', 'shop.skipped-rows.jsonl'];
  assert.deepEqual(readdirSync(path.join(folder, 'new', 'folder')).sort(), written);

  const session = await ort.InferenceSession.create(path.join(folder, output));
  const { scores } = await session.run({
    items: new ort.Tensor('int32', new Int32Array(2 * length), [2, length]),
    length: new ort.Tensor('int32', Int32Array.of(1, 2), [2]),
  });
  await session.release();
  assert.deepEqual(scores.dims, [2, 20]);
  const { tensors, metadata } = await readSafetensors(path.join(folder, weights));
  assert.equal(metadata.model, 'sasrec');
  assert.equal(tensors.get('items.weight')?.shape[0], 20);

  // As `refresh --srs-embeddings` reads it.
  const vectorFile = await readVectorFile(path.join(folder, weights));
  assert.deepEqual(vectorFile.vectors.shape, tensors.get('items.weight')!.shape);
  assert.equal((await readIdList(vectorFile, undefined)).ids.length, 20);
});

test('a model asked by a mask tells how many items it sees; a full history is scored', async (context) => {
  const folder = await temporaryFolder(context);
  await tslrec(folder, ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2']);
  const settings = [
    '--data',
    'sample',
    '--model',
    'bert4rec',
    '--preset',
    'quick',
    '--length',
    '5',
    '--json',
  ];
  const exit = await tslrec(folder, ['train', ...settings]);
  assert.equal(exit.code, 0, exit.stderr);
  const { output, length } = lastLine<TrainResult>(exit);
  assert.equal(length, 4);
  assert.match(exit.stdout, /, the last 4 of a history, /);
  const session = await ort.InferenceSession.create(path.join(folder, output));
  const { scores } = await session.run({
    items: new ort.Tensor('int32', Int32Array.of(3, 1, 4, 2), [1, length]),
    length: new ort.Tensor('int32', Int32Array.of(length), [1]),
  });
  await session.release();
  assert.equal(new Set(scores.data as Float32Array).size, 20, 'each item has a score of its own');
});

test('a training that could not be written is not lost: it goes on, another begins anew', async (context) => {
  const folder = await temporaryFolder(context);
  await tslrec(folder, ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2']);
  /** How many steps a training of this seed takes. */
  const stepsOf = async (seed: number, onStep = () => {}) => {
    let steps = 0;
    const output = path.join(folder, 'shop.onnx');
    const settings = { model: 'sasrec', preset: 'quick', length: 5, onBadRow: 'stop' } as const;
    const task = {
      advance(count: number) {
        if (count === 1) steps++;
        onStep();
      },
      done() {},
    };
    const progress = { start: () => task };
    await train({ ...settings, data: path.join(folder, 'sample'), output, seed, progress }).catch((error) => {
      assert.match(error.message, /shop\.safetensors/);
    });
    return steps;
  };
  const inTheWay = path.join(folder, 'shop.safetensors');
  const steps = await stepsOf(1, () => mkdirSync(inTheWay, { recursive: true }));
  assert.ok(steps > 5, `${steps} steps`);
  const kept = () => readdirSync(folder).filter((name) => name.endsWith('.checkpoint')).length;
  assert.equal(kept(), 1);
  rmdirSync(inTheWay);
  assert.ok((await stepsOf(2)) > 5);
  assert.equal(kept(), 1, 'that of the other seed stays');
  assert.equal(await stepsOf(1), 0);
  assert.equal(kept(), 0);
});
