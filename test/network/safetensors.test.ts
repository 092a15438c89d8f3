import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { TslrecError } from '../../src/errors.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/network/safetensors.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-safetensors-'));
after(() => rm(folder, { recursive: true }));
const tensors = new Map([
  ['a', { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['scalar', { shape: [], values: Float32Array.of(-0.5) }],
]);

test('what is written is read back, and nothing else lies in the folder', async () => {
  const file = path.join(folder, 'whole.safetensors');
  writeSafetensors(file, tensors, { note: 'naïve 日本' });
  const back = await readSafetensors(file);
  assert.deepEqual(back.tensors, tensors);
  assert.equal(back.metadata.note, 'naïve 日本');
  assert.deepEqual(await readdir(folder), ['whole.safetensors']);
});

test('the header is a multiple of 8 bytes long and says where the values lie, as the format wants it', async () => {
  const file = path.join(folder, 'header.safetensors');
  writeSafetensors(file, tensors);
  const bytes = await readFile(file);
  const length = Number(bytes.readBigUInt64LE());
  assert.equal(length % 8, 0);
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  assert.deepEqual(header.a, { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
  assert.deepEqual(header.scalar, { dtype: 'F32', shape: [], data_offsets: [24, 28] });
  assert.equal(bytes.length, 8 + length + 28);
  assert.equal(bytes.readFloatLE(8 + length + 20), 6);
});

test('a file cut short anywhere is refused in one sentence', async () => {
  const file = path.join(folder, 'cut.safetensors');
  writeSafetensors(file, tensors);
  const { length } = await readFile(file);
  for (const kept of [0, 5, 40, length - 1]) {
    writeSafetensors(file, tensors);
    await truncate(file, kept);
    await assert.rejects(
      readSafetensors(file),
      (error) => error instanceof TslrecError && error.message.includes(file),
    );
  }
  await writeFile(file, 'not a tensor file at all');
  await assert.rejects(readSafetensors(file), TslrecError);
});

test('an open file gives one tensor at a time, whatever the types of the others are', async () => {
  const file = path.join(folder, 'open.safetensors');
  const header = JSON.stringify({
    positions: { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
    weight: { dtype: 'F32', shape: [2], data_offsets: [8, 16] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(
    file,
    Buffer.concat([length, Buffer.from(header), Buffer.alloc(8), Buffer.from(Float32Array.of(3, 4).buffer)]),
  );
  const { shapes, tensor, close } = await openSafetensors(file);
  assert.deepEqual(
    [...shapes],
    [
      ['positions', [1]],
      ['weight', [2]],
    ],
  );
  assert.deepEqual(await tensor('weight'), { shape: [2], values: Float32Array.of(3, 4) });
  await assert.rejects(tensor('positions'), TslrecError);
  await close();
});

test('an error of the file system says of which file', async () => {
  await assert.rejects(openSafetensors(folder), (error: NodeJS.ErrnoException) => error.path === folder);
  await assert.rejects(
    openSafetensors(`${folder}/none`),
    (error: NodeJS.ErrnoException) => error.path === `${folder}/none`,
  );
});
