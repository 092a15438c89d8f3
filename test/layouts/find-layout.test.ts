// Which files of a folder are read, and that nothing that looks like items or interactions is passed over.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const ITEMS = lines('{"item_id":"a","title":"A"}', '{"item_id":"b"}');
const INTERACTIONS = lines('user_id,item_id,timestamp', 'u,b,1', 'u,a,2');
const RATINGS = lines('1::2::5::10', '1::1::3.5::20');
const MOVIES = lines('1::Toy Story (1995)::Comedy', '2::Heat (1995)::Action');
const whole = { 'items.jsonl': ITEMS, 'interactions.csv': INTERACTIONS };
const without = ({ 'items.jsonl': _, ...others }: typeof whole) => others;

const readable: Record<string, string | Buffer>[] = [
  whole,
  { 'Items.jsonl': ITEMS, 'Interactions.CSV': INTERACTIONS },
  { 'items.ndjson': ITEMS, 'interactions.csv': INTERACTIONS },
  { 'items.JSONL.GZ': gzipSync(ITEMS), 'interactions.csv.gz': INTERACTIONS },
  { 'items.jsonl': gzipSync(ITEMS), 'interactions.tsv': INTERACTIONS.replaceAll(',', '\t') },
  {
    'items.jsonl': Buffer.from(`\uFEFF${ITEMS}`, 'utf16le'),
    'interactions.csv': INTERACTIONS.replaceAll('\n', '\r'),
  },
];
for (const files of readable) {
  test(`${Object.keys(files).join(' and ')} are read`, async () => {
    const { dataset, notes } = await readDataset(folderOf(files), stop);
    assert.equal(dataset.hash, (await readDataset(folderOf(whole), stop)).dataset.hash);
    assert.equal(dataset.items[0].title, 'A');
    assert.deepEqual(notes, []);
  });
}

const passedOver = [
  ...[
    'items.csv',
    'items.json',
    'items.tsv',
    'items.txt',
    'ITEMS.CSV',
    'items.csv.gz',
    'items.jsonl.bz2',
    'items.zip',
  ],
  ...[
    'items.parquet',
    'items.xlsx',
    'items.pkl',
    'items.arrow',
    'items.jsonlines',
    'item.jsonl',
    'items',
    'Item.csv',
  ],
  ...[
    'interactions.json',
    'interactions.jsonl',
    'interactions.parquet',
    'interaction.csv',
    'Interactions.csv.bz2',
  ],
  ...['u.item', 'u.data', 'ratings.dat', 'movies.dat.gz'],
];
for (const name of passedOver) {
  test(`${name} beside what is read ends the reading by name, with or without an items.jsonl`, async () => {
    for (const files of [whole, without(whole)]) {
      const folder = folderOf({ ...files, [name]: 'x' });
      const message = new RegExp(
        `: got ${name} beside interactions\\.csv.*, expected items\\.jsonl and .*take it out`,
      );
      await assert.rejects(readDataset(folder, stop), refused(message, folder));
    }
  });
}

test('a folder of parts in the place of a file ends the reading by name', async () => {
  const folder = folderOf(without(whole));
  mkdirSync(join(folder, 'items'));
  await assert.rejects(readDataset(folder, stop), refused(/: got items beside interactions\.csv/, folder));
});

test('a folder whose layout lies one folder down is told which', async () => {
  const folder = folderOf({ 'README.txt': 'x' });
  mkdirSync(join(folder, 'ml-1m'));
  writeFileSync(join(folder, 'ml-1m', 'ratings.dat'), RATINGS);
  writeFileSync(join(folder, 'ml-1m', 'movies.dat'), MOVIES);
  const message = /: got README\.txt, ml-1m, expected .*; ml-1m has those of MovieLens 1M or 10M: give that/;
  await assert.rejects(readDataset(folder, stop), refused(message, folder));
});

const ambiguous: [files: Record<string, string>, message: RegExp][] = [
  [
    { ...whole, 'items.jsonl.gz': ITEMS },
    /: got both items\.jsonl and items\.jsonl\.gz, expected one; keep the one/,
  ],
  [{ ...whole, 'Items.jsonl': ITEMS }, /: got both Items\.jsonl and items\.jsonl, expected one/],
  [{ ...whole, 'items.ndjson': ITEMS }, /: got both items\.jsonl and items\.ndjson/],
  [{ ...whole, 'interactions.tsv': INTERACTIONS }, /: got both interactions\.csv and interactions\.tsv/],
  [
    { ...whole, 'interactions.csv.gz': INTERACTIONS },
    /: got both interactions\.csv and interactions\.csv\.gz/,
  ],
  [
    { 'ratings.dat': RATINGS, 'movies.dat': MOVIES, 'Movies.dat': MOVIES },
    /: got both Movies\.dat and movies\.dat/,
  ],
  [
    { ...whole, 'ratings.dat': RATINGS, 'movies.dat': MOVIES },
    /: got movies\.dat, ratings\.dat beside interactions/,
  ],
  [
    { 'ratings.dat': RATINGS, 'movies.dat': MOVIES, 'items.jsonl': ITEMS },
    /: got items\.jsonl beside ratings\.dat/,
  ],
  [
    { 'items.jsonl': ITEMS },
    /: got items\.jsonl \("item_id", "title"\), expected items\.jsonl and interactions\.csv \(or/,
  ],
  [
    { 'items.csv': '', 'interactions.json': '' },
    /: got interactions\.json, items\.csv, expected items\.jsonl/,
  ],
  [
    { 'ratings.dat': RATINGS, 'x.txt': '' },
    /: got ratings\.dat, x\.txt, expected ratings\.dat, movies\.dat \(MovieLens 1M or 10M\)/,
  ],
  [
    { 'ratings.csv': '', 'movies.csv': '' },
    /: got movies\.csv, ratings\.csv, expected ratings\.csv, movies\.csv \(MovieLens latest/,
  ],
  [{}, /: got nothing, expected items\.jsonl and interactions\.csv/],
];
test('what may mean two things, or nothing, ends the reading by name', async () => {
  for (const [files, message] of ambiguous) {
    const folder = folderOf(files);
    await assert.rejects(readDataset(folder, stop), refused(message, folder), String(message));
  }
});

test('what is beside the data without being it is left alone, and other tables are named', async () => {
  const beside = [
    'dataset.json',
    'planted.json',
    'README.md',
    'items.npy',
    'items.json',
    'items.ids.txt',
    '.items.csv',
  ];
  const ours = {
    ...whole,
    ...Object.fromEntries(beside.map((name) => [name, 'x'])),
    'items.jsonl.12.tmp': 'x',
  };
  assert.deepEqual((await readDataset(folderOf(ours), stop)).notes, []);
  const { notes } = await readDataset(
    folderOf({ ...without(whole), 'products.csv': 'x', 'meta.jsonl.gz': 'x' }),
    stop,
  );
  assert.deepEqual(notes, [
    'There is no items.jsonl: items are known by the ids in interactions.csv, without text.',
    'Files that are not read: meta.jsonl.gz, products.csv.',
  ]);
});

const empty: [files: Record<string, string | Buffer>, blamed: string, message: RegExp][] = [
  [
    { ...whole, 'items.jsonl': '' },
    'items.jsonl',
    /has no items, expected one JSON object a line; write them, or re/,
  ],
  [{ ...whole, 'items.jsonl': '\n\r\n' }, 'items.jsonl', /has no items/],
  [{ ...whole, 'items.jsonl': gzipSync('') }, 'items.jsonl', /has no items/],
  [
    { ...whole, 'interactions.csv': '' },
    'interactions.csv',
    /has no interactions, expected some to learn from/,
  ],
  [{ ...whole, 'interactions.csv': 'user_id,item_id' }, 'interactions.csv', /has no interactions/],
  [{ 'interactions.csv': '' }, 'interactions.csv', /has no interactions/],
  [{ 'ratings.dat': RATINGS, 'movies.dat': '' }, 'movies.dat', /has no movies, expected one a line/],
  [{ 'ratings.dat': '', 'movies.dat': MOVIES }, 'ratings.dat', /has no interactions/],
];
test('of an empty file itself it is said that it is empty', async () => {
  for (const [files, blamed, message] of empty) {
    const folder = folderOf(files);
    await assert.rejects(readDataset(folder, stop), refused(message, join(folder, blamed)), blamed);
  }
});

const flags = (...on: number[]) =>
  Array.from({ length: 19 }, (_, genre) => (on.includes(genre) ? 1 : 0)).join('|');
const titles: [what: string, files: Record<string, Buffer>, title: string][] = [
  'latin1',
  'utf8',
  'utf16le',
].flatMap((encoding): [string, Record<string, Buffer>, string][] => {
  const mark = encoding === 'utf16le' ? '\uFEFF' : '';
  const as = (text: string) => Buffer.from(mark + text, encoding as BufferEncoding);
  const movies1M = as(lines('1::Ã© is é, Misérables (1995)::Drama', '2::Heat::Action'));
  const movies100K = as(lines(`1|Ã© is é, Misérables (1995)|||x|${flags(8)}`, `2|Heat|||x|${flags(1)}`));
  return [
    [`MovieLens 1M or 10M in ${encoding}`, { 'ratings.dat': as(RATINGS), 'movies.dat': movies1M }, 'Drama'],
    [
      `MovieLens 100K in ${encoding}`,
      { 'u.data': as(lines('1\t2\t5\t10', '1\t1\t3\t20')), 'u.item': gzipSync(movies100K) },
      'Drama',
    ],
  ];
});
for (const [what, files, genre] of titles) {
  test(`${what}: titles are what was written, whatever they look like in the other encoding`, async () => {
    const { dataset, notes } = await readDataset(folderOf(files), stop);
    assert.deepEqual(dataset.items[0], {
      itemId: '1',
      title: 'Ã© is é, Misérables (1995)',
      attributes: { genres: [genre] },
    });
    assert.deepEqual([...dataset.sequences[0]], [1, 0]);
    const movies = 'u.item' in files ? 'u.item' : 'movies.dat';
    const latin1 = `${movies} is not UTF-8 throughout: all of it is read as latin-1.`;
    const recognised = `Recognised: ${what.split(' in ')[0]} (${Object.keys(files).join(', ')}).`;
    assert.deepEqual(notes, what.endsWith('latin1') ? [recognised, latin1] : [recognised]);
  });
}

test('MovieLens 10M: half stars, and a movie without genres', async () => {
  const movies = lines('1::Toy Story (1995)::Adventure|Comedy', '2::Größe (2008)::(no genres listed)');
  const ratings = lines('1::2::0.5::838985046', '1::1::4.5::838983525', '7::1::5::838983392');
  const { dataset } = await readDataset(folderOf({ 'ratings.dat': ratings, 'movies.dat': movies }), stop);
  assert.deepEqual(dataset.items, [
    { itemId: '1', title: 'Toy Story (1995)', attributes: { genres: ['Adventure', 'Comedy'] } },
    { itemId: '2', title: 'Größe (2008)', attributes: {} },
  ]);
  assert.deepEqual(
    dataset.sequences.map((sequence) => [...sequence]),
    [[0, 1], [0]],
  );
});

test('blanks around ids are lost in every file: i1 and " i1" are one item', async () => {
  const rows = ['u,i1,1', ' u , i1 ,2', '"u "," i1",3', '\u2060u,i1\u200B,4', 'u\u00A0,i2,5'];
  const alone = await readDataset(
    folderOf({ 'interactions.csv': lines('user_id,item_id,timestamp', ...rows) }),
    stop,
  );
  assert.deepEqual(
    alone.dataset.items.map(({ itemId }) => itemId),
    ['i1', 'i2'],
  );
  assert.deepEqual(alone.dataset.userIds, ['u']);
  assert.deepEqual([...alone.dataset.sequences[0]], [0, 0, 0, 0, 1]);

  const interactions = lines('user_id,item_id,timestamp', 'u,i1,1', 'u, i2 ,2');
  const spaced = {
    'items.jsonl': lines('{"item_id":" i1"}', '{"item_id":"i2\\t"}'),
    'interactions.csv': interactions,
  };
  assert.deepEqual(
    (await readDataset(folderOf(spaced), stop)).dataset.items.map(({ itemId }) => itemId),
    ['i1', 'i2'],
  );
  const twice = { ...spaced, 'items.jsonl': lines('{"item_id":"i1"}', '{"item_id":" i1 "}') };
  await assert.rejects(readDataset(folderOf(twice), stop), {
    message: /^items\.jsonl:2:2: got item "i1" again/,
  });

  const movies = { 'ratings.dat': '1:: 7 ::5::1\n', 'movies.dat': ' 7::Heat::Action\n' };
  assert.equal((await readDataset(folderOf(movies), stop)).dataset.items[0].itemId, '7');
  const moviesTwice = { ...movies, 'movies.dat': lines('7::Heat::Action', '7 ::Heat::Action') };
  await assert.rejects(readDataset(folderOf(moviesTwice), stop), {
    message: /^movies\.dat:2:1: got item "7" again/,
  });
});

test('a name in a row that is long or has line ends does not break the sentence', async () => {
  for (const key of ['a\nb', 'x'.repeat(10_000), '\u0085'])
    for (const item of [
      { item_id: 'a', [key]: 1 },
      { item_id: 'a', attributes: [key] },
    ]) {
      const folder = folderOf({ ...whole, 'items.jsonl': lines(JSON.stringify(item)) });
      const message = /^items\.jsonl:1:\d+: got \P{Cc}{1,300}, expected \P{Cc}{1,200}$/u;
      await assert.rejects(readDataset(folder, stop), { code: 'bad-data', message });
    }
});

test('an item in bytes that are not UTF-8 is a bad row; a written U+FFFD is a character', async () => {
  const items = Buffer.concat([
    Buffer.from(lines('{"item_id":"a","title":"\uFFFD"}', '{"item_id":"b"}')),
    Buffer.from('{"item_id":"c","title":"caf\xe9"}\n', 'latin1'),
  ]);
  const folder = folderOf({ ...whole, 'items.jsonl': items });
  const message =
    /^items\.jsonl:3:28: got bytes that are not UTF-8, expected UTF-8 \(save the file so\); correct .*, /;
  await assert.rejects(readDataset(folder, stop), { code: 'bad-data', message });
  const { dataset, skippedRows } = await readDataset(folder, { onBadRow: 'skip' });
  assert.deepEqual([dataset.items.length, dataset.items[0].title, skippedRows], [2, '\uFFFD', 1]);
});
