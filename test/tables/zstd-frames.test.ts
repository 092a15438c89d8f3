// Zstandard as `zstd` and its kin write it: frame after frame, with and without a checksum, and what is none.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { constants, zstdCompressSync } from 'node:zlib';
import { forEachLine } from '../../src/tables/lines.ts';
import { zstdFrames } from '../../src/tables/zstd-frames.ts';
import { refused } from '../support/errors.ts';
import { folderOf } from '../support/folders.ts';

const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag } = constants;
const fileOf = (bytes: Buffer) => path.join(folderOf({ 'x.csv.zst': bytes }), 'x.csv.zst');
const skippable = (bytes: number) =>
  Buffer.concat([Buffer.of(0x5e, 0x2a, 0x4d, 0x18, bytes, 0, 0, 0), Buffer.alloc(bytes, 'x')]);

const rows = Array.from({ length: 20_000 }, (_, row) => `u${(row * 7919) % 5000},i${row}`);
const text = (from: number, to?: number) =>
  rows
    .slice(from, to)
    .map((row) => `${row}\n`)
    .join('');
const frames = [
  zstdCompressSync(text(0, 9_000)),
  zstdCompressSync('a'.repeat(300_000)), // blocks that repeat one byte
  zstdCompressSync('\n', { params: { [ZSTD_c_checksumFlag]: 1 } }),
  skippable(200),
  zstdCompressSync(''),
  zstdCompressSync(text(9_000), { params: { [ZSTD_c_checksumFlag]: 1, [ZSTD_c_contentSizeFlag]: 0 } }),
  skippable(0),
];
const whole = Buffer.concat(frames);
const expected = [...rows.slice(0, 9_000), 'a'.repeat(300_000), ...rows.slice(9_000)];

async function linesOf(file: string): Promise<string[]> {
  const lines: string[] = [];
  await forEachLine(file, (line) => lines.push(line));
  return lines;
}

test('all frames of a file are read', async () => {
  assert.deepEqual(await linesOf(fileOf(whole)), expected);
  assert.deepEqual(await linesOf(fileOf(Buffer.concat([skippable(7), whole]))), expected);
});

test('no chunk has bytes of two frames, however the file is cut into chunks', async () => {
  const ends = frames.map((_, i) => Buffer.concat(frames.slice(0, i + 1)).length);
  for (const chunkBytes of [1, 2, 3, 5, 64, 4096, whole.length]) {
    async function* chunks() {
      for (let at = 0; at < whole.length; at += chunkBytes) yield whole.subarray(at, at + chunkBytes);
    }
    const found: number[] = [];
    let at = 0;
    for await (const piece of zstdFrames(chunks())) {
      at += piece.length;
      found.push(at);
    }
    assert.equal(at, whole.length);
    assert.ok(
      ends.every((end) => found.includes(end)),
      `${chunkBytes}`,
    );
  }
});

test('a file that is cut anywhere but behind a frame is a damaged Zstandard file', async () => {
  const [first, , third] = frames;
  const two = Buffer.concat([third, first.subarray(0, 40)]);
  for (let length = 4; length < two.length; length++) {
    if (length === third.length) continue;
    await assert.rejects(
      linesOf(fileOf(two.subarray(0, length))),
      refused(/: got a damaged Zstandard file \(unexpected end of file\), .*; copy it again/),
      `${length}`,
    );
  }
});

test('other bytes behind the last frame, and a wrong checksum, are told', async () => {
  const [first, , third] = frames;
  for (const behind of [Buffer.from('u1,i1\n'), Buffer.alloc(100), Buffer.of(0x1f, 0x8b, 8, 0)])
    await assert.rejects(
      linesOf(fileOf(Buffer.concat([first, behind]))),
      refused(/: got a damaged Zstandard file \(something else behind its end\)/),
    );
  const wrong = Buffer.from(third);
  wrong[wrong.length - 1] ^= 1;
  await assert.rejects(linesOf(fileOf(wrong)), refused(/: got a damaged Zstandard file \(.*checksum\)/));
});

test('a frame that needs a huge window is refused, with what to do', async () => {
  const window = (log: number) => (log - 10) << 3;
  const block = Buffer.concat([Buffer.of((6 << 3) | 1, 0, 0), Buffer.from('u1,i1\n')]);
  const frame = (log: number) => Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, window(log)), block]);
  assert.deepEqual(await linesOf(fileOf(frame(27))), ['u1,i1']);
  const huge = frame(28);
  await assert.rejects(
    linesOf(fileOf(huge)),
    refused(/: got a Zstandard file that takes more than 128 MiB .*; compress it again without --long/),
  );
});
