import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readIdList } from '../../src/formats/id-list.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { type Encoding, forEachLine } from '../../src/tables/lines.ts';
import { isUtf8File } from '../../src/tables/text-bytes.ts';
import { refused } from '../support/errors.ts';

const root = mkdtempSync(join(tmpdir(), 'tslrec-lines-'));
after(() => rmSync(root, { recursive: true }));

function file(content: string | Buffer, name = 'file.csv'): string {
  const path = join(mkdtempSync(join(root, 'of-')), name);
  writeFileSync(path, content);
  return path;
}

type Read = [text: string, line: number, isWhole: boolean];

async function read(path: string, encoding?: Encoding): Promise<Read[]> {
  const lines: Read[] = [];
  await forEachLine(path, (...line) => lines.push(line), encoding);
  return lines;
}

const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();
const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with a mark': (text) => Buffer.from(`\uFEFF${text}`),
  'UTF-16LE with a mark': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'UTF-16BE with a mark': (text) => bigEndian(`\uFEFF${text}`),
};
const lineEnds: Readonly<Record<string, (line: number) => string>> = {
  LF: () => '\n',
  CRLF: () => '\r\n',
  CR: () => '\r',
  'LF and CRLF': (line) => (line % 3 === 0 ? '\r\n' : '\n'),
  'CR and LF': (line) => (line < 1500 ? '\r' : '\n'),
};
// Of one to four bytes a character and several chunks in all, so that chunks end inside lines and characters.
const written = Array.from({ length: 3000 }, (_, row) =>
  row % 7 === 5 ? '' : `${'aé漢😀'.repeat(row % 11)} ${row}`,
);
const expected = written.flatMap((text, row): Read[] => (text === '' ? [] : [[text, row + 1, true]]));

for (const [encoding, encode] of Object.entries(encodings)) {
  test(`lines are the same in ${encoding}, with any line end, plain or gzip, whatever the name`, async () => {
    for (const [ends, end] of Object.entries(lineEnds)) {
      const whole = encode(written.map((text, row) => text + end(row)).join(''));
      const open = encode(written.map((text, row) => end(row).repeat(Math.min(row, 1)) + text).join(''));
      assert.ok(whole.length > 2 ** 17);
      for (const [name, content] of [
        ['plain', whole],
        ['plain.gz', whole],
        ['packed.gz', gzipSync(whole)],
        ['packed', gzipSync(whole)],
        ['without-a-last-end', open],
      ] as const)
        assert.deepEqual(await read(file(content, name)), expected, `${ends} ${name}`);
    }
  });
}

test('a line end that lies across two chunks is one, and one that ends a chunk ends its line', async () => {
  for (const chunkBytes of [2 ** 14, 2 ** 15, 2 ** 16])
    for (const shift of [-2, -1, 0, 1])
      for (const end of ['\r\n', '\r', '\n']) {
        const long = 'a'.repeat(chunkBytes + shift);
        const lines = await read(file(`${long}${end}b${end}${end}c`));
        assert.deepEqual(
          lines,
          [
            [long, 1, true],
            ['b', 2, true],
            ['c', 4, true],
          ],
          `${chunkBytes} ${shift}`,
        );
      }
  const ofOneChunk = `${'a'.repeat(2 ** 16 - 1)}\r`;
  assert.equal((await read(file(ofOneChunk.repeat(300)))).length, 300); // more than the longest line in all
});

test('an empty file, one of blanks, and an empty gzip file have no line', async () => {
  for (const content of ['', '\n\r\n \t\r', '\uFEFF', gzipSync(''), Buffer.from([0xff, 0xfe])])
    assert.deepEqual(await read(file(content)), []);
});

test('gzip files one after the other are one file, and zeros behind them nothing', async () => {
  const lines = await read(file(Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n'), Buffer.alloc(100)])));
  assert.deepEqual(
    lines.map(([text]) => text),
    ['a', 'bc', 'd'],
  );
});

test('bytes that are no UTF-8 are told line by line, and of the whole file', async () => {
  const lines = Buffer.concat([Buffer.from('plain\né\n\uFFFD\n'), Buffer.from('caf\xe9\n', 'latin1')]);
  assert.deepEqual(await read(file(lines)), [
    ['plain', 1, true],
    ['é', 2, true],
    ['\uFFFD', 3, true], // it is what is written there
    ['caf\uFFFD', 4, false],
  ]);
  assert.equal(await isUtf8File(file(lines)), false);
  const asLatin1 = await read(file(lines), 'latin1');
  assert.deepEqual(
    asLatin1.map(([text]) => text),
    ['plain', 'Ã©', 'ï¿½', 'café'],
  );
  for (const whole of [
    '',
    'plain\né\n\uFFFD',
    Buffer.from('\uFEFFé', 'utf16le'),
    gzipSync('é'.repeat(2 ** 17)),
  ])
    assert.equal(await isUtf8File(file(whole)), true);
  for (const cut of [Buffer.from('é').subarray(0, 1), gzipSync(Buffer.from('漢').subarray(0, 2))])
    assert.equal(await isUtf8File(file(cut)), false);
});

const text = 'user_id,item_id\nu,a\n'.repeat(50);
const tar = Buffer.alloc(1024);
tar.write('interactions.csv');
tar.write('ustar\x0000', 257);
const head = (bytes: string) => Buffer.concat([Buffer.from(bytes, 'latin1'), Buffer.alloc(600, 'x')]);
const packed = gzipSync(text);
const notText: [what: string, content: Buffer | string, message: RegExp][] = [
  [
    'zip',
    head('PK\x03\x04'),
    /got a zip archive \(an \.xlsx workbook is one\), expected text .*; unpack it, or/,
  ],
  ['xls', head('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'), /got an old Excel workbook, .*; export it as CSV/],
  ['Parquet', head('PAR1\x15\x04'), /got a Parquet file, .*; write its rows as CSV or JSON lines/],
  ['Arrow', head('ARROW1\0\0'), /got an Arrow file/],
  ['Avro', head('Obj\x01'), /got an Avro file/],
  ['NumPy', head('\x93NUMPY\x01\0'), /got a NumPy file/],
  ['HDF5', head('\x89HDF\r\n\x1a\n'), /got an HDF5 file/],
  ['SQLite', head('SQLite format 3\0'), /got a SQLite database/],
  ['bzip2', head('BZh91AY&SY'), /got a bzip2 file, .*; unpack it first/],
  ['xz', head('\xfd7zXZ\0'), /got an xz file/],
  ['Zstandard', head('\x28\xb5\x2f\xfd'), /got a damaged Zstandard file/],
  ['Zstandard in gzip', gzipSync(head('\x28\xb5\x2f\xfd')), /got a Zstandard file in a compressed/],
  ['tar', tar, /got a tar archive/],
  ['tar in gzip', gzipSync(tar), /got a tar archive/],
  ['gzip twice', gzipSync(packed), /got a gzip file inside a gzip file, .*; unpack it once/],
  ['an error page', '<!DOCTYPE html>\n<html>', /got a web page, .*; download the file itself/],
  [
    'Git LFS',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
    /got a Git LFS pointer, .*git lfs pull/,
  ],
  [
    'UTF-16LE without a mark',
    Buffer.from(text, 'utf16le'),
    /got UTF-16 without a byte order mark, .*save it as UTF-8/,
  ],
  ['UTF-16BE without a mark', bigEndian(text), /got UTF-16 without a byte order mark/],
  ['UTF-32', head('\xff\xfe\0\0u\0\0\0'), /got UTF-32, .*save it as UTF-8/],
  [
    'half a UTF-16 character',
    Buffer.from('\uFEFFa\nb\uD800\nc', 'utf16le'),
    /got damaged UTF-16 \(half a character\)/,
  ],
  [
    'an odd byte of UTF-16',
    Buffer.concat([Buffer.from('\uFEFFab', 'utf16le'), Buffer.of(1)]),
    /got damaged UTF-16/,
  ],
  ['zeros', Buffer.alloc(10_000), /got binary data \(NUL bytes\)/],
  ['a program', head('\x7fELF\x02\x01\x01\0'.padEnd(600, '\0\x01\0\0')), /got binary data \(NUL bytes\)/],
  [
    'gzip, cut short',
    packed.subarray(0, -9),
    /got a damaged gzip file \(unexpected end of file\), .*; copy it again/,
  ],
  ['gzip, its head alone', packed.subarray(0, 2), /got a damaged gzip file/],
  ['gzip, a byte changed', flipped(packed, 20), /got a damaged gzip file/],
  [
    'gzip, a wrong sum',
    flipped(packed, packed.length - 6),
    /got a damaged gzip file \(incorrect data check\)/,
  ],
  ['gzip, and text behind it', Buffer.concat([packed, Buffer.from('u,b\n')]), /got a damaged gzip file/],
];

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] ^= 0xff;
  return changed;
}

test('what is no text is named, with what to do', async () => {
  for (const [what, content, message] of notText) {
    const path = file(content, 'interactions.csv');
    await assert.rejects(read(path), refused(message, `${path}: `), what);
    await assert.rejects(isUtf8File(path), refused(message, `${path}: `), what);
  }
});

test('a stray NUL byte is the affair of its line', async () => {
  assert.deepEqual((await read(file(`${text}u,a\0\n`))).at(-1), ['u,a\0', 101, true]);
});

test('a line without end is refused before it fills the memory, plain or gzip', async () => {
  const endless = Buffer.alloc(33 * 2 ** 20, 'u,a,1 ');
  const small = gzipSync(endless);
  assert.ok(small.length < 2 ** 17);
  for (const content of [endless, small, gzipSync(Buffer.concat([Buffer.from('a\nb\r'), endless]))]) {
    const path = file(content);
    const line = content.length < 2 ** 20 && gunzipSync(content)[0] === 0x61 ? 3 : 1;
    await assert.rejects(
      read(path),
      refused(/: got a line of more than 16 MiB, expected one record a line; end each/, `${path}:${line}: `),
    );
  }
  const long = 'x'.repeat(15 * 2 ** 20);
  for (const content of [`${long}\nb`, gzipSync(`${long}\nb`)])
    assert.deepEqual(
      (await read(file(content))).map(([{ length }]) => length),
      [long.length, 1],
    );
});

const irregular: [what: string, make: (path: string) => void, message: RegExp][] =
  process.platform === 'win32'
    ? []
    : [
        [
          'a named pipe',
          (path) => spawnSync('mkfifo', [path]),
          /: got a named pipe, expected a regular file; /,
        ],
        ['a device', (path) => symlinkSync('/dev/zero', path), /: got a device, expected a regular file; /],
      ];

test('a pipe or a device in the place of a file is refused, and not waited for', async () => {
  for (const [what, make, message] of irregular)
    for (const name of ['interactions.csv', 'items.jsonl', 'v.ids.txt', 'v.ids.json']) {
      const folder = mkdtempSync(join(root, 'irregular-'));
      if (name === 'items.jsonl') writeFileSync(join(folder, 'interactions.csv'), text);
      make(join(folder, name));
      const reading = name.startsWith('v.')
        ? readIdList({ file: join(folder, 'v.npy') }, undefined)
        : readDataset(folder, { onBadRow: 'stop' });
      await assert.rejects(reading, refused(message, join(folder, name)), `${what} ${name}`);
    }
});

test('a folder in the place of a file is named', async () => {
  const folder = mkdtempSync(join(root, 'folder-'));
  mkdirSync(join(folder, 'interactions.csv'));
  const path = join(folder, 'interactions.csv');
  await assert.rejects(readDataset(folder, { onBadRow: 'stop' }), { code: 'EISDIR', path });
});
