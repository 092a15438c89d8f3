// Damages of text that is read line by line: encodings, line ends, gzip, and rows that are none.
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { bytes, type Damage, filled, type Leaves, MEGABYTE, randomBytes } from './damages.ts';

export const replaced = (good: Buffer, from: string | RegExp, to: string): Buffer =>
  Buffer.from(good.toString('latin1').replaceAll(from, to), 'latin1');
const swapped = (utf16: Buffer): Buffer => Buffer.from(utf16).swap16();
const inUtf16 = (good: Buffer, mark: string): Buffer => Buffer.from(mark + good.toString(), 'utf16le');

/** Puts bytes before a line, if there is one, in the middle. */
function beforeLine(good: Buffer, added: string | Buffer): Buffer {
  const lineEnd = good.indexOf('\n', good.length >> 1) + 1;
  return Buffer.concat([good.subarray(0, lineEnd), Buffer.from(added), good.subarray(lineEnd)]);
}

/** Of text in UTF-8. */
export const ENCODED: readonly Damage[] = [
  bytes('in UTF-16 LE with its mark', 'same', (good) => inUtf16(good, '\uFEFF')),
  bytes('in UTF-16 BE with its mark', 'same', (good) => swapped(inUtf16(good, '\uFEFF'))),
  bytes('in UTF-16 LE without a mark', 'same', (good) => inUtf16(good, '')),
  bytes('in UTF-16 BE without a mark', 'same', (good) => swapped(inUtf16(good, ''))),
  bytes('with the mark of UTF-8', 'same', (good) => Buffer.concat([Buffer.from('\uFEFF'), good])),
  bytes('with the mark of UTF-8 before a line in the middle', 'same', (good) => beforeLine(good, '\uFEFF')),
  bytes('with the mark of UTF-16 before its UTF-8', 'nothing', (good) =>
    Buffer.concat([Buffer.from([0xff, 0xfe]), good]),
  ),
  filled(0x00, 'nothing'),
  filled(0xff, 'nothing'),
];

/** Of text in UTF-8 with a letter beyond ASCII. */
export const LATIN_1 = bytes('in latin-1', 'same', (good) => Buffer.from(good.toString(), 'latin1'));
/** Of text in latin-1. */
export const UTF_8 = bytes('in UTF-8', 'same', (good) => Buffer.from(good.toString('latin1')));

export const LINES: readonly Damage[] = [
  bytes('with CR as line ends', 'same', (good) => replaced(good, '\n', '\r')),
  bytes('with CRLF as line ends', 'same', (good) => replaced(good, '\n', '\r\n')),
  bytes('with LF, CRLF and CR as line ends', 'same', (good) => {
    const ends = ['\n', '\r\n', '\r'];
    const lines = good.toString('latin1').trimEnd().split('\n');
    return Buffer.from(lines.map((line, i) => line + ends[i % ends.length]).join(''), 'latin1');
  }),
  bytes('doubled', 'twice', (good) => Buffer.concat([good, good])),
  bytes('nothing but line ends', 'nothing', () => '\n'.repeat(100)),
  bytes('2 MB of line ends behind it', 'same', (good) =>
    Buffer.concat([good, Buffer.alloc(2 * MEGABYTE, '\n')]),
  ),
  bytes('a line of 64 MB in the middle', 'nothing', (good) =>
    beforeLine(good, Buffer.alloc(64 * MEGABYTE, 'a\n', 'latin1').fill('a', 0, 64 * MEGABYTE - 1)),
  ),
  bytes('a NUL at the beginning of a line', 'nothing', (good) => beforeLine(good, '\0')),
];

/** Small on the disk: members of one file may follow each other. */
const bomb = (part: string, times: number): Buffer => {
  const member = gzipSync(part, { level: 9 });
  return Buffer.concat(Array.from({ length: times }, () => member));
};

/** Of a file that is not compressed. */
export const COMPRESSED: readonly Damage[] = [
  bytes('as gzip', 'same', (good) => gzipSync(good)),
  bytes('as gzip of gzip', 'same', (good) => gzipSync(gzipSync(good))),
  bytes('as half a gzip', 'nothing', (good) => {
    const whole = gzipSync(good);
    return whole.subarray(0, whole.length >> 1);
  }),
  bytes('a gzip of 100 MB without a line end', 'nothing', () => bomb('a'.repeat(MEGABYTE), 100)),
];

/** Of gzip. */
export const GZIP: readonly Damage[] = [
  bytes('not compressed', 'same', (good) => gunzipSync(good)),
  bytes('compressed twice', 'same', (good) => gzipSync(good)),
  bytes('in two members', 'same', (good) => {
    const plain = gunzipSync(good);
    return Buffer.concat([plain.subarray(0, 50), plain.subarray(50)].map((part) => gzipSync(part)));
  }),
  bytes('with an empty member before it', 'same', (good) => Buffer.concat([gzipSync(''), good])),
  bytes('with 100 bytes at random behind it', 'same', (good, random) =>
    Buffer.concat([good, randomBytes(random, 100)]),
  ),
  bytes('with zeros behind it', 'same', (good) => Buffer.concat([good, Buffer.alloc(512)])),
  bytes('with half a member behind it', 'nothing', (good) => Buffer.concat([good, good.subarray(0, 30)])),
  bytes('with a wrong checksum', 'nothing', (good) => {
    good[good.length - 8] ^= 1;
    return good;
  }),
  bytes('with a wrong length', 'nothing', (good) => {
    good[good.length - 4] ^= 1;
    return good;
  }),
  bytes('with the mark of UTF-8 in it', 'same', (good) => gzipSync(`\uFEFF${gunzipSync(good)}`)),
  bytes('of UTF-16', 'same', (good) => gzipSync(inUtf16(gunzipSync(good), '\uFEFF'))),
  bytes('of 100 MB without a line end', 'nothing', () => bomb('a'.repeat(MEGABYTE), 100)),
  bytes('of 100 MB of zeros', 'nothing', () => bomb('\0'.repeat(MEGABYTE), 100)),
  bytes('with 8 MB of line ends in it', 'same', (good) =>
    Buffer.concat([good, bomb('\n'.repeat(MEGABYTE), 8)]),
  ),
];

/** Of Zstandard. */
export const ZSTD: readonly Damage[] = [
  bytes('compressed twice', 'same', (good) => zstdCompressSync(good)),
  bytes('with an empty frame before it', 'same', (good) => Buffer.concat([zstdCompressSync(''), good])),
  bytes('with 100 bytes at random behind it', 'nothing', (good, random) =>
    Buffer.concat([good, randomBytes(random, 100)]),
  ),
  bytes('with half a frame behind it', 'nothing', (good) => Buffer.concat([good, good.subarray(0, 20)])),
  bytes('with a frame of 8 MB of line ends behind it', 'same', (good) =>
    Buffer.concat([good, zstdCompressSync('\n'.repeat(8 * MEGABYTE))]),
  ),
  bytes('of 100 MB without a line end', 'nothing', () => zstdCompressSync(Buffer.alloc(100 * MEGABYTE, 'a'))),
  bytes('with a frame that is passed over and claims 2^32 - 1 bytes', 'nothing', (good) =>
    Buffer.concat([good, Buffer.of(0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff)]),
  ),
];

/** Of gzip: many lines that are no record more. */
export const REPEATED: Damage = bytes('with its last line 500,000 times more', 'twice', (good) => {
  const last = gunzipSync(good).toString().trimEnd().split('\n').at(-1);
  return Buffer.concat([good, bomb(`${last}\n`.repeat(10_000), 50)]);
});

const line = (name: string, leaves: Leaves, text: string): Damage =>
  bytes(`with the line ${name}`, leaves, (good) => beforeLine(good, `${text}\n`));

/** Of interactions.csv: user_id,item_id,timestamp. */
export const INTERACTIONS: readonly Damage[] = [
  bytes('without its header', 'nothing', (good) => good.subarray(good.indexOf('\n') + 1)),
  bytes('with the header in the middle again', 'nothing', (good) =>
    beforeLine(good, 'user_id,item_id,timestamp\n'),
  ),
  bytes('with user_id twice in the header', 'nothing', (good) => replaced(good, 'item_id', 'user_id')),
  bytes('with "User" for user_id', 'nothing', (good) => replaced(good, 'user_id', 'User')),
  bytes('newest first, its times under "Timestamp"', 'same', (good) => {
    const [, ...rows] = good.toString().trimEnd().split('\n');
    return ['user_id,item_id,Timestamp', ...rows.reverse(), ''].join('\n');
  }),
  ...[';', '\t', '|'].map((separator) =>
    bytes(`parted by ${JSON.stringify(separator)}`, 'same', (good) => replaced(good, ',', separator)),
  ),
  bytes('with blanks around everything', 'same', (good) => replaced(good, ',', ' , ')),
  bytes('with everything in quotation marks', 'same', (good) => replaced(good, /[^,\n]+/g, '"$&"')),
  line('of an open quotation mark', 'nothing', '"u101,i101,1600000000'),
  line('of four columns', 'nothing', 'u101,i101,1600000000,5'),
  line('of two columns', 'nothing', 'u101,i101'),
  line('without a user', 'nothing', ',i101,1600000000'),
  line('of an unknown item', 'nothing', 'u101,x,1600000000'),
  line('of a user of 1 MB', 'nothing', `${'u'.repeat(MEGABYTE)},i101,1600000000`),
  line('of 100,000 columns', 'nothing', ','.repeat(100_000)),
  ...['NaN', 'Infinity', '-Infinity', '1e999', '', 'null', 'yesterday', '2020-01-01', '0x10', '1,600'].map(
    (time) => line(`at the time ${JSON.stringify(time)}`, 'nothing', `u101,i101,${time}`),
  ),
  ...['-1', '0', '0.5'].map((time) =>
    line(`at the time ${JSON.stringify(time)}`, 'one place', `u101,i101,${time}`),
  ),
  // Milliseconds, microseconds, nanoseconds and more among seconds.
  ...['1e12', '9007199254740993', '1600000000000000001', '16000000000000000000001'].map((time) =>
    line(`at the time ${time}`, 'nothing', `u101,i101,${time}`),
  ),
];

const DEEP = 100_000;

/** Of items.jsonl: a line beside the right ones. */
export const ITEMS: readonly Damage[] = [
  ...['[]', '"x"', '5', 'null', 'true', '{}', '{"item_id": "x"', "{'item_id': 'x'}", 'NaN'].map((text) =>
    line(text, 'nothing', text),
  ),
  ...['null', '{}', '[]', '1.5', 'true', '""', '"  "', '"\\u0000"', '"\\ud800"', '"i101"', '1e400'].map(
    (id) => line(`of item_id ${id}`, 'nothing', `{"item_id": ${id}}`),
  ),
  ...['5', '{}', '["a"]', '"\\u0000"', '"\\ud800"'].map((title) =>
    line(`of title ${title}`, 'nothing', `{"item_id": "x", "title": ${title}}`),
  ),
  ...['5', '"a"', '["a"]', '{"a": 1e400}', '{"a": [{"b": "\\ud800"}]}', '{"\\u0000": 1}'].map((attributes) =>
    line(`of attributes ${attributes}`, 'nothing', `{"item_id": "x", "attributes": ${attributes}}`),
  ),
  ...['{"a": {}}', '{"a": true}', '{"a": [5]}', '{"a": [{"b": [null, 1.5]}]}'].map((attributes) =>
    line(`of attributes ${attributes}`, 'one place', `{"item_id": "x", "attributes": ${attributes}}`),
  ),
  line('of another field', 'nothing', '{"item_id": "x", "price": 5}'),
  line('of a title of null', 'one place', '{"item_id": "x", "title": null}'),
  line('of a title of 8 MB', 'one place', `{"item_id": "x", "title": "${'a'.repeat(8 * MEGABYTE)}"}`),
  line('of an attribute __proto__', 'one place', '{"item_id": "x", "attributes": {"__proto__": "a"}}'),
  line('of a field __proto__', 'one place', '{"item_id": "x", "__proto__": {"title": "a"}}'),
  line('of item_id twice', 'one place', '{"item_id": "x", "item_id": "y"}'),
  line('of 100,000 brackets', 'nothing', '['.repeat(DEEP)),
  line(
    'of 100,000 brackets in attributes',
    'nothing',
    `{"item_id": "x", "attributes": {"a": ${'['.repeat(DEEP)}${']'.repeat(DEEP)}}}`,
  ),
];

/** Of GroupLens' ratings. */
export const ratingLines = (separator: string): readonly Damage[] => [
  ...['NaN', '', 'null', '1e999', 'yesterday'].map((time) =>
    line(`at the time ${JSON.stringify(time)}`, 'nothing', ['101', '101', '4', time].join(separator)),
  ),
  line('of three columns', 'nothing', ['101', '101', '4'].join(separator)),
  line('without an item', 'nothing', ['101', '', '4', '1'].join(separator)),
  line('of an unknown movie', 'nothing', ['101', '9', '4', '1'].join(separator)),
];
