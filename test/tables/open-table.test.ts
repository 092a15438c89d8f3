// What a file is, by what it begins with, and what is said of files that are no table.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { createRandom } from '../../src/random.ts';
import { BadRows } from '../../src/tables/bad-rows.ts';
import { openTable } from '../../src/tables/open-table.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const open = (content: string | Buffer, name = 'a.dat') =>
  openTable(path.join(folderOf({ [name]: content }), name), new BadRows('stop'));

async function rowsOf(content: string | Buffer): Promise<unknown[]> {
  const found: unknown[] = [];
  const table = await open(content);
  await table.records((record) => found.push({ ...record }));
  return found;
}

const ROWS = [
  { user_id: 'u', item_id: '1' },
  { user_id: 'v', item_id: '2' },
];
const CSV = lines('user_id,item_id', 'u,1', 'v,2');
const JSON_LINES = lines(...ROWS.map((row) => JSON.stringify(row)));

test('CSV and JSON lines are told apart by their first character, blanks and compression aside', async () => {
  for (const text of [
    CSV,
    JSON_LINES,
    CSV.replaceAll(',', '\t'),
    `\n \n${JSON_LINES}`,
    `\uFEFF${JSON_LINES}`,
  ])
    for (const content of [text, gzipSync(text), zstdCompressSync(text)])
      assert.deepEqual(await rowsOf(content), ROWS, text);
});

test('an object that has a line of its own is a line, whatever comes behind it', async () => {
  for (const text of [
    '{}',
    '{"user_id": "u", "tags": [1, 2]}',
    '{"user_id": {"a": 1}}\n\n{"b": [',
    '{"a": 1,',
  ])
    assert.equal((await open(text)).name, 'a.dat', text);
});

const ARRAY =
  /: got a JSON array, expected one JSON object a line; write it so, as `jq -c '\.\[\]' a\.dat` does/;
const DOCUMENT = /: got a JSON object over several lines, expected one JSON object a line; .*`jq -c/;
const long = JSON.stringify(Array.from({ length: 20 }, () => ({ title: 'a'.repeat(2 ** 20) })));
const documents: [what: string, content: string, message: RegExp][] = [
  ['an array on one line', JSON.stringify(ROWS), ARRAY],
  ['a pretty array', JSON.stringify(ROWS, null, 2), ARRAY],
  ['an array of a line an object', `[\n${ROWS.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`, ARRAY],
  ['an array longer than the longest line', long, ARRAY],
  ['lines of arrays', lines('["u", "1"]', '["v", "2"]'), ARRAY],
  ['a pretty object', JSON.stringify({ rows: ROWS }, null, 2), DOCUMENT],
  ['pretty objects behind each other', ROWS.map((row) => JSON.stringify(row, null, 2)).join('\n'), DOCUMENT],
  ['an object with a list of a line a row', `{"rows": [\n${JSON.stringify(ROWS[0])}\n]}\n`, DOCUMENT],
  ['an object broken behind a comma', '{"item_id": "1",\n "title": "a"}\n', DOCUMENT],
];

test('JSON that is not one object a line is named, with the command that makes it so', async () => {
  for (const [what, content, message] of documents)
    await assert.rejects(open(content), refused(message), what);
});

const page = '<html><body>Not Found</body></html>';
const random = createRandom('bytes');
const noise = Buffer.from(Array.from({ length: 3_000 }, () => 1 + random.integer(255)));
const noTable: [what: string, content: string | Buffer, message: RegExp][] = [
  ['a page with a comment', `\n<!-- saved -->\n<!-- twice -->\n${page}`, /got a web page, .*; download/],
  ['a page behind a long comment', `<!-- ${'a'.repeat(5_000)} -->${page}`, /got a web page or an XML/],
  ['XML', '<?xml version="1.0"?>\n<items/>\n', /got an XML document/],
  ['a zlib stream', deflateSync(CSV.repeat(100)), /got a zlib stream, .*; unpack it first/],
  ['bytes at random', noise, /got binary data \(control characters\)/],
  ['packed bytes without a name', deflateSync(noise).subarray(2), /got binary data \(control characters\)/],
  [
    'vertical tabs',
    CSV.replaceAll('\n', '\v'),
    /got a header with a vertical tab in it, .*; end each line with LF/,
  ],
  ['NEL', CSV.replaceAll('\n', '\x85'), /got a header with NEL \(U\+0085\) in it/],
  ['U+2028', CSV.replaceAll('\n', '\u2028'), /got a header with U\+2028 in it/],
  ['encrypted Parquet', Buffer.concat([Buffer.from('PARE'), noise, Buffer.from('PARE')]), /encrypt/],
];

test('what is no table is named', async () => {
  for (const [what, content, message] of noTable) await assert.rejects(open(content), refused(message), what);
});

test('a control character here and there, and fields parted by one, are text', async () => {
  for (const separator of ['\x01', '\x1f', ','])
    assert.equal((await open(`${CSV.replaceAll(',', separator)}\x04`)).columns.length > 0, true);
});

const read = (files: Record<string, string>) => readDataset(folderOf(files), { onBadRow: 'stop' });
const interactions = lines('user_id,item_id', 'u,1');
const item = (id: string) => JSON.stringify({ item_id: id });

test('a file whose name says another form than its content has is told', async () => {
  await assert.rejects(
    read({ 'interactions.csv': interactions, 'items.jsonl': lines('item_id,title', '1,Tent') }),
    refused(
      /items\.jsonl: got separated values, as in CSV \(its first line is "item_id,title"\), expected one/,
    ),
  );
  await assert.rejects(
    read({ 'interactions.csv': JSON_LINES }),
    refused(/interactions\.csv: got JSON lines, expected separated values \(CSV\) with a header; write the/),
  );
  await assert.rejects(
    read({ 'interactions.csv': JSON.stringify(ROWS) }),
    refused(/interactions\.csv: got a JSON array, expected separated values/),
  );
  await assert.rejects(
    read({ 'interactions.csv': interactions, 'items.jsonl': `[${item('1')}]` }),
    refused(/items\.jsonl: got a JSON array, .* `jq -c '\.\[\]' items\.jsonl` does/),
  );
});

test('objects on one line and a key twice are bad rows that say so', async () => {
  await assert.rejects(
    read({ 'interactions.csv': interactions, 'items.jsonl': [item('1'), item('2')].join('\u2028') }),
    /items\.jsonl:1:16: got objects parted by U\+2028, expected one JSON object, ended by LF; /,
  );
  await assert.rejects(
    read({
      'interactions.csv': interactions,
      'items.jsonl': lines(item('1'), '{"item_id": "2", "attributes": {"a": 1, "b": 2, "a": 3}}'),
    }),
    /items\.jsonl:2:49: got the key "a" twice, expected each key once; correct the row/,
  );
});
