import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { TslrecError } from '../../src/errors.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { refused } from '../support/errors.ts';

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

test('the header is a multiple of 8 bytes long and says where the values lie', async () => {
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

/** A file of this header, with as many bytes behind it, which take no place on the disk. */
async function fileOf(header: string, bodyBytes: number, headerBytes = Buffer.byteLength(header)) {
  const file = path.join(folder, 'made.safetensors');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes));
  await writeFile(file, Buffer.concat([length, Buffer.from(header)]));
  await truncate(file, 8 + headerBytes + bodyBytes);
  return file;
}

const entry = (shape: readonly number[], begin: number, end: number, dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
const many = (count: number, of: (i: number) => string) =>
  `{${Array.from({ length: count }, (_, i) => `"t${i}":${of(i)}`).join()}}`;

const REFUSED: readonly (readonly [string, string, number, RegExp, headerBytes?: number])[] = [
  ['a header of 600 MB', '{}', 0, /got a header of 600000000 bytes, expected at most 100000000;/, 6e8],
  [
    '20,000 tensors on the same bytes',
    many(20_000, () => entry([1000], 0, 4000)),
    4000,
    /got tensor t1 at the bytes 0 to 4000, expected it to begin at 4000,/,
  ],
  [
    'tensors that overlap',
    many(2, (i) => entry([2], 4 * i, 4 * i + 8)),
    12,
    /got tensor t1 at the bytes 4 to 12, expected it to begin at 8,/,
  ],
  [
    'a hole',
    many(2, (i) => entry([1], 8 * i, 8 * i + 4)),
    12,
    /got tensor t1 at the bytes 8 to 12, expected/,
  ],
  ['a tensor that ends before it begins', `{"a":${entry([0], 8, 4)}}`, 8, /got tensor a at the bytes 8 to 4/],
  [
    'bytes behind the last tensor',
    `{"a":${entry([1], 0, 4)}}`,
    5,
    /got 1 bytes behind the last tensor, expected/,
  ],
  [
    'a shape of other size',
    `{"a":${entry([3], 0, 4)}}`,
    4,
    /got 4 bytes of tensor a, expected 12 for F32 \[3\];/,
  ],
  [
    'a shape whose size is beyond all numbers',
    `{"a":${entry(Array(60).fill(2 ** 52), 0, 4)}}`,
    4,
    /got 4 bytes of tensor a, expected Infinity for F32 /,
  ],
  [
    'a name that comes twice',
    `{"a":${entry([1], 0, 4)},"a":${entry([1], 0, 4)}}`,
    4,
    /got the tensor "a" twice, expected each name once;/,
  ],
  [
    'three million values',
    `{"a":{"dtype":"F32","shape":[${'1,'.repeat(3e6)}1],"data_offsets":[0,4]}}`,
    4,
    /got a header of more than 2000000 values, expected fewer;/,
  ],
  [
    'a million levels',
    '{"a":'.repeat(1e6),
    0,
    /got a header of too many levels, expected a list of tensors;/,
  ],
  [
    'a name of 9 MB',
    `{"${'a'.repeat(9e6)}":${entry([3], 0, 4)}}`,
    4,
    /got 4 bytes of tensor a+ \.\.\. a* ?.*again\.$/,
  ],
  [
    'metadata that are no strings',
    '{"__metadata__":{"a":1}}',
    0,
    /its header is not the JSON that the format/,
  ],
  ['no tensors but null', 'null', 0, /its header is not the JSON that the format wants;/],
];

for (const [kind, header, bodyBytes, message, headerBytes] of REFUSED) {
  test(`${kind}: refused before any tensor is read`, async () => {
    const file = await fileOf(header, bodyBytes, headerBytes);
    await assert.rejects(openSafetensors(file), refused(message, file));
  });
}

test('read: metadata that are null, tensors in any order and of no bytes, 100,000 of them', async () => {
  const [a, b, c] = [entry([1], 0, 4), entry([1], 4, 8), entry([0, 7], 4, 4)];
  const inAnyOrder = `{"b":${b},"__metadata__":null,"c":${c},"a":${a}}`;
  const { tensors, metadata } = await readSafetensors(await fileOf(inAnyOrder, 8));
  assert.deepEqual([...tensors.keys()].sort(), ['a', 'b', 'c']);
  assert.deepEqual(metadata, {});
  const opened = await openSafetensors(
    await fileOf(
      many(100_000, (i) => entry([1], 4 * i, 4 * i + 4)),
      4e5,
    ),
  );
  assert.equal(opened.shapes.size, 100_000);
  assert.deepEqual((await opened.tensor('t99999')).shape, [1]);
  await opened.close();
});
