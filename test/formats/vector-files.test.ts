// Item vectors of somebody's own recommender: what its files say, and which of them nobody can have meant.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { alignVectors } from '../../src/embeddings/align-vectors.ts';
import { TslrecError } from '../../src/errors.ts';
import { readIdList } from '../../src/formats/id-list.ts';
import { type NamedTensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import { readVectorFile } from '../../src/formats/vector-file.ts';
import { npy } from '../support/vector-files.ts';

// Made by NumPy 2.4.6 and safetensors 0.8.0; the script lies beside it.
const written: Record<string, { base64: string; table: number[][] }> = JSON.parse(
  readFileSync(new URL('../fixtures/vector-files.json', import.meta.url), 'utf8'),
);
const root = mkdtempSync(path.join(tmpdir(), 'tslrec-vectors-'));
after(() => rmSync(root, { recursive: true }));

/** A folder with these files in it. */
function folder(files: Record<string, string | Buffer>): string {
  const made = mkdtempSync(path.join(root, 'case-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(made, name), content);
  return made;
}
const table = (...rows: number[][]): NamedTensor => ({
  shape: [rows.length, rows[0].length],
  values: Float32Array.from(rows.flat()),
});
const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TslrecError, String(error));
  assert.equal(error.code, 'bad-data');
  assert.match(error.message, message);
  return true;
};

for (const [name, { base64, table: expected }] of Object.entries(written)) {
  test(`${name} is read as Python wrote it`, async () => {
    const file = path.join(folder({ [name]: Buffer.from(base64, 'base64') }), name);
    assert.deepEqual((await readVectorFile(file)).vectors, table(...expected));
  });
}

test('half precision: infinities and NaN stay what they are', async () => {
  const halves = Buffer.from(Uint16Array.of(0x7c00, 0xfc00, 0x7e00, 0x8001).buffer);
  const file = path.join(
    folder({ 'v.npy': Buffer.concat([npy([], { descr: "'<f2'", shape: '(2, 2)' }), halves]) }),
    'v.npy',
  );
  assert.deepEqual(
    [...(await readVectorFile(file)).vectors.values],
    [Infinity, -Infinity, Number.NaN, -(2 ** -24)],
  );
});

test('of several tensors the one whose name says so is read, whatever the others are', async () => {
  const file = path.join(folder({}), 'v.safetensors');
  const position = table([9, 9], [9, 9], [9, 9]);
  writeSafetensors(
    file,
    new Map([
      ['bias', { shape: [2], values: Float32Array.of(7, 7) }],
      ['any', table([1, 2])],
    ]),
  );
  assert.deepEqual((await readVectorFile(file)).vectors, table([1, 2]));
  writeSafetensors(
    file,
    new Map([
      ['position', position],
      ['weight', table([3, 4])],
      ['embeddings', table([5, 6])],
    ]),
  );
  const bytes = readFileSync(file);
  // Position's.
  writeFileSync(file, bytes.toString('latin1').replace('"dtype":"F32"', '"dtype":"I32"'), 'latin1');
  assert.deepEqual((await readVectorFile(file)).vectors, table([5, 6]));
});

const ONE = [[1, 2]];
const badFiles: [what: string, name: string, bytes: Buffer, message: RegExp][] = [
  [
    'another kind',
    'v.pt',
    Buffer.from('PK'),
    /v\.pt: got a file of another kind, expected \.npy or \.safetensors; /,
  ],
  [
    'no npy',
    'v.npy',
    Buffer.from('PK not from NumPy'),
    /v\.npy is not what np\.save writes .*; save it again$/,
  ],
  ['nothing', 'v.npy', Buffer.alloc(0), /v\.npy is not what np\.save writes /],
  ['a cut header', 'v.npy', npy(ONE).subarray(0, 30), /v\.npy is not what np\.save writes /],
  ['version 4', 'v.npy', npy(ONE, { version: 4 }), /v\.npy is not what np\.save writes \(versions 1 to 3 /],
  [
    'one axis',
    'v.npy',
    npy([[1, 2]], { shape: '(2,)' }),
    /got an array of shape \(2\) and type <f4, expected .*\(rows, width\)/,
  ],
  ['three axes', 'v.npy', npy(ONE, { shape: '(1, 2, 1)' }), /got an array of shape \(1, 2, 1\) and type <f4/],
  [
    'whole numbers',
    'v.npy',
    npy(ONE, { descr: "'<i8'" }),
    /type <i8, expected .*<f2, <f4 or <f8; save .*np\.save/,
  ],
  ['big-endian', 'v.npy', npy(ONE, { descr: "'>f4'" }), /type >f4, expected/],
  ['objects', 'v.npy', npy(ONE, { descr: "'|O'" }), /type \|O, expected/],
  ['fields', 'v.npy', npy(ONE, { descr: "[('x', '<f4')]" }), /type with fields, expected/],
  [
    'cut values',
    'v.npy',
    npy(ONE).subarray(0, -1),
    /got 7 bytes of values, expected 8 for shape \(1, 2\) of <f4; /,
  ],
  [
    'values behind',
    'v.npy',
    Buffer.concat([npy(ONE), npy(ONE)]),
    /got \d+ bytes of values, expected 8 .*one array a file$/,
  ],
  ['no width', 'v.npy', npy([[], []]), /v\.npy: got 2 rows of 0 numbers, expected at least one of each; /],
  ['no rows', 'v.npy', npy([], { shape: '(0, 64)' }), /v\.npy: got 0 rows of 64 numbers, /],
  [
    'no safetensors',
    'v.safetensors',
    Buffer.from('PK not at all tensors'),
    /v\.safetensors is not a safetensors file: /,
  ],
  [
    'no JSON',
    'v.safetensors',
    header('{"a"'),
    /v\.safetensors is not a safetensors file: its header is not the JSON /,
  ],
  [
    'no tensors',
    'v.safetensors',
    header('{}'),
    /got no tensors, expected one that is 2-d, or .*; save the table of/,
  ],
  [
    'no entry',
    'v.safetensors',
    header('{"a":{"dtype":"F32"}}'),
    /is not a safetensors file: its header is not the JSON /,
  ],
  [
    'two tables',
    'v.safetensors',
    header(
      '{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
        '"b":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}}',
      16,
    ),
    /got the tensors a \[1, 2\], b \[1, 2\], expected .*item_embeddings, embeddings, weight, items\.weight;/,
  ],
  [
    'another type',
    'v.safetensors',
    header('{"a":{"dtype":"I64","shape":[1,1],"data_offsets":[0,8]}}', 8),
    /got tensor a of the type I64, expected F64, F32, F16 or BF16; save it as one of these/,
  ],
  [
    'cut tensors',
    'v.safetensors',
    header('{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}', 7),
    /got a file that ends \d+ bytes before the end of tensor a, expected all of it; copy it again/,
  ],
];
function header(json: string, bodyBytes = 0): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json), Buffer.alloc(bodyBytes)]);
}
for (const [what, name, bytes, message] of badFiles) {
  test(`a vector file of ${what} is refused in one sentence`, async () => {
    await assert.rejects(readVectorFile(path.join(folder({ [name]: bytes }), name)), refused(message));
  });
}

test('ids are kept as written, less blanks around them, from lines or JSON beside the vectors', async () => {
  const ids = async (files: Record<string, string | Buffer>, idFile?: string) => {
    const made = folder(files);
    const list = await readIdList({ file: path.join(made, 'v.npy') }, idFile && path.join(made, idFile));
    return [path.basename(list.source), ...list.ids];
  };
  assert.deepEqual(await ids({ 'v.txt': '007\n b c\n7' }), ['v.txt', '007', 'b c', '7']);
  assert.deepEqual(await ids({ 'v.txt': 'a\n', 'v.ids.txt': '\uFEFFé\r\nb\r\n' }), ['v.ids.txt', 'é', 'b']);
  assert.deepEqual(await ids({ 'v.txt': Buffer.from('\uFEFFé\rb\r', 'utf16le') }), ['v.txt', 'é', 'b']);
  assert.deepEqual(await ids({ 'v.json': '["a"]', 'v.ids.json': '[" 007", 7]' }), ['v.ids.json', '007', '7']);
  assert.deepEqual(await ids({ 'v.txt': 'a\n', 'other.json': '["x"]' }, 'other.json'), ['other.json', 'x']);
});

test('a safetensors file may carry its ids; a list that is named goes before them', async () => {
  const made = folder({ 'named.txt': 'c\nd\n', 'v.txt': 'e\nf\n' });
  const file = path.join(made, 'v.safetensors');
  writeSafetensors(file, new Map([['t', table([1], [2])]]), { ids: '["a", "b"]' });
  const vectors = await readVectorFile(file);
  assert.deepEqual((await readIdList(vectors, undefined)).ids, ['a', 'b']);
  assert.deepEqual((await readIdList(vectors, path.join(made, 'named.txt'))).ids, ['c', 'd']);
});

const badLists: [what: string, name: string, content: string | Buffer, message: RegExp][] = [
  [
    'an empty line',
    'v.txt',
    'a\n\nb\n',
    /v\.txt:2: got an empty id, expected each item's id once, in the order of the rows; /,
  ],
  [
    'an id twice',
    'v.txt',
    'a\nb\na\n',
    /v\.txt:3: got id "a" again \(first in \S*v\.txt:1\), expected each item's id once/,
  ],
  [
    'latin-1',
    'v.txt',
    Buffer.from('caf\xe9\n', 'latin1'),
    /v\.txt:1: got an id with .* bytes that are not UTF-8/,
  ],
  ['no JSON', 'v.json', 'a\nb\n', /v\.json: got something else, expected a JSON array of ids/],
  ['an object', 'v.json', '{"a": 0}', /v\.json: got something else, expected a JSON array of ids/],
  [
    'a fraction',
    'v.json',
    '["a", 1.5]',
    /v\.json: got a value that is no id at \[1\], expected a JSON array/,
  ],
  [
    'an id in JSON twice',
    'v.json',
    '["7", "a", 7]',
    /v\.json \[2\]: got id "7" again \(first in \S*v\.json \[0\]\)/,
  ],
  ['too large a number', 'v.json', '[9007199254740993]', /got a value that is no id at \[0\]/],
];
for (const [what, name, content, message] of badLists) {
  test(`an id list with ${what} is refused in one sentence`, async () => {
    const made = folder({ [name]: content });
    await assert.rejects(readIdList({ file: path.join(made, 'v.npy') }, undefined), refused(message));
  });
}

test('without an id list the names that were looked for are told', async () => {
  await assert.rejects(
    readIdList({ file: 'at/v.npy' }, undefined),
    refused(/looked for at\/v\.ids\.txt, at\/v\.ids\.json, at\/v\.txt, at\/v\.json; name one with --srs-ids/),
  );
});

test('files that cannot be read are named', async () => {
  const made = folder({});
  mkdirSync(path.join(made, 'v.npy'));
  for (const name of ['v.npy', 'nowhere.npy']) {
    await assert.rejects(readVectorFile(path.join(made, name)), { path: path.join(made, name) });
  }
});

const catalogue = ['a', 'b', 'c', 'd'].map((itemId) => ({ itemId, attributes: {} }));
const align = (ids: readonly string[], ...rows: number[][]) =>
  alignVectors({ file: 'v.npy', vectors: table(...rows) }, { source: 'v.txt', ids }, catalogue);

test('each item gets the row of its own id, whatever the order; one without a row gets zeros', () => {
  // b has no row; [PAD] and z are in no catalogue; c's row is zeros, which says as little as none.
  const ids = ['[PAD]', 'd', 'z', 'c', 'a'];
  assert.deepEqual(align(ids, [0, 0, 0], [4, 5, 6], [7, 7, 7], [0, 0, 0], [1, 2, 3]), {
    vectors: table([1, 2, 3], [0, 0, 0], [0, 0, 0], [4, 5, 6]),
    itemsWithoutVector: 2,
    unknownIds: 2,
  });
});

const badTables: [what: string, align: () => unknown, message: RegExp][] = [
  [
    'a padding row in front',
    () => align(['a', 'b'], [0, 0], [1, 1], [2, 2]),
    /^v\.npy: got 3 rows, expected 2, one for each id in v\.txt; .* all zeros, .*: save table\[1:\]$/,
  ],
  [
    'a padding row behind',
    () => align(['a', 'b'], [1, 1], [2, 2], [0, 0]),
    /its last row is all zeros, .*: save table\[:-1\]$/,
  ],
  [
    'a trained padding row',
    () => align(['a', 'b'], [1, 1], [2, 2], [3, 3]),
    /rows for padding or masks .*: save the table without/,
  ],
  [
    'more ids than rows',
    () => align(['a', 'b', 'c'], [0, 0], [2, 2]),
    /got 2 rows, expected 3, .*; write both from the same table$/,
  ],
  [
    'NaN',
    () => align(['a', 'b'], [1, 1, 1], [2, 2, Number.NaN]),
    /^v\.npy: got NaN in row 1, column 2 \(both from 0\), the vector of "b", expected .* float32 can hold; /,
  ],
  [
    'infinity',
    () => align(['z', 'a'], [-Infinity], [1]),
    /got -Infinity in row 0, column 0 .* the vector of "z"/,
  ],
  [
    'ids of another catalogue',
    () => align(['1', '2'], [1], [2]),
    /^v\.txt: got 2 ids \(the first is "1"\), none of them in the catalogue \(its first is "a"\); write /,
  ],
  [
    'nothing but zeros',
    () => align(['a', 'z', 'c'], [0, 0], [1, 1], [0, 0]),
    /^v\.npy: got nothing but zeros in the rows of the 2 items that the catalogue has, .*; save the table /,
  ],
  [
    'the same row for every item',
    () => align(['a', 'b', 'c'], [1, 2], [1, 2], [1, 2]),
    /^v\.npy: got the same vector, .*, for all of 3 items of the catalogue, expected .*; save the table /,
  ],
  [
    'the same row but for rounding',
    () => align(['a', 'b', 'c'], [1, 2], [1.001, 2], [1, 1.999]),
    /^v\.npy: got the same vector, or nearly, .* for all of 3 items/,
  ],
  [
    'multiples of one row',
    () => align(['a', 'b', 'c', 'd'], [1, 2], [3, 6], [-0.5, -1], [1e-20, 2e-20]),
    /^v\.npy: got .* or multiples of it, for all of 4 items/,
  ],
  [
    'one number an item',
    () => align(['a', 'b', 'c'], [1], [2], [-3]),
    /^v\.npy: got .* or multiples of it, for all of 3 items/,
  ],
  [
    'directions for other items alone',
    () => align(['a', 'b', 'z', '[PAD]', 'd'], [1, 2], [2, 4], [2, 1], [5, -1], [0, 0]),
    /^v\.npy: got .* for all of 2 items of the catalogue/,
  ],
];
for (const [what, alignment, message] of badTables) {
  test(`a table with ${what} is refused in one sentence`, () => assert.throws(alignment, refused(message)));
}
