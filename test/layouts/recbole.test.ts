// RecBole's atomic files, as its documentation describes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { testBadRows } from '../support/bad-rows.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const table = (...rows: readonly string[][]) => lines(...rows.map((row) => row.join('\t')));
const HEADER = ['user_id:token', 'item_id:token', 'rating:float', 'timestamp:float'];
const ROWS = [
  ['1', '1193', '5', '978300760'],
  ['1', '661', '3', '978300759'],
  ['2', '1193', '4', '978302109.5'],
];
const ITEM_HEADER = ['item_id:token', 'movie_title:token_seq', 'release_year:token', 'genre:token_seq'];
const FILES = {
  'x.inter': table(HEADER, ...ROWS),
  'x.item': table(
    [...ITEM_HEADER, 'votes:float', 'place:float_seq'],
    ['1193', "One Flew Over the Cuckoo's Nest", '1975', 'Drama', '12', '0.5 1'],
    ['661', 'James and the "Giant Peach', '1996', "Animation Children's", '', ''],
  ),
};
const OWN = {
  'items.jsonl': lines(
    `{"item_id":"1193","title":"One Flew Over the Cuckoo's Nest",
      "attributes":{"release_year":"1975","genre":["Drama"],"votes":12}}`.replace(/\n */, ''),
    `{"item_id":"661","title":"James and the \\"Giant Peach",
      "attributes":{"release_year":"1996","genre":["Animation","Children's"]}}`.replace(/\n */, ''),
  ),
  'interactions.csv': lines('user_id,item_id,timestamp', '1,661,1', '1,1193,2', '2,1193,3'),
};
const READ_AS =
  'x.inter: "user_id:token" is read as the user, "item_id:token" as the item and ' +
  '"timestamp:float" as the time.';
const hashOf = async (files: Record<string, string | Buffer>) =>
  (await readDataset(folderOf(files), stop)).dataset.hash;

test('it is the same data set as its conversion; lists, numbers and titles by their types', async () => {
  const beside = ['x.kg', 'x.link', 'x.net', 'x.user'];
  const folder = folderOf({ ...FILES, ...Object.fromEntries(beside.map((name) => [name, 'y:token\n'])) });
  const { dataset, notes } = await readDataset(folder, stop);
  assert.equal(dataset.hash, await hashOf(OWN));
  assert.equal(dataset.times[1][0], 978_302_109.5);
  assert.deepEqual(notes, [
    'Recognised: RecBole atomic files (x.inter, x.item).',
    `Files that are not read: ${beside.join(', ')}.`,
    READ_AS,
    'x.inter: columns that are not read: "rating:float".',
    'x.item: columns that are not read: "place:float_seq".',
  ]);
  const compressed = { 'x.inter.gz': gzipSync(FILES['x.inter']), 'x.item': gzipSync(FILES['x.item']) };
  assert.equal(await hashOf(compressed), dataset.hash);
});

test('without NAME.item, items are known by ids; without a time, the order is that of the rows', async () => {
  const untimed = table(...[HEADER, ...ROWS].map((row) => row.slice(0, 2)));
  const { dataset, notes } = await readDataset(folderOf({ 'x.inter': untimed }), stop);
  assert.deepEqual(
    dataset.items.map(({ itemId }) => itemId),
    ['1193', '661'],
  );
  assert.deepEqual([...dataset.sequences[0]], [0, 1]);
  assert.deepEqual(notes.slice(1), [
    'There is no x.item: items are known by their ids, without text.',
    'x.inter: "user_id:token" is read as the user, "item_id:token" as the item.',
    'x.inter has no column that is known as the time: the order of its rows is taken for the order in time.',
  ]);
});

test('the parts of a benchmark split are one data set, in the order of train, valid and test', async () => {
  const part = (row: number) => table(...[HEADER, ROWS[row]].map((fields) => fields.slice(0, 2)));
  const split = { 'x.test.inter': part(2), 'x.train.inter': part(0), 'x.valid.inter': part(1) };
  const { dataset, notes } = await readDataset(folderOf(split), stop);
  const inOne = { 'x.inter': table(...[HEADER, ...ROWS].map((row) => row.slice(0, 2))) };
  assert.equal(dataset.hash, await hashOf(inOne));
  assert.deepEqual(notes.slice(0, 2), [
    'Recognised: RecBole atomic files (x.train.inter, x.valid.inter, x.test.inter).',
    'There is no x.item: items are known by their ids, without text.',
  ]);
});

test('columns of usual names are found, whatever the data set calls them', async () => {
  const { dataset, notes } = await readDataset(
    folderOf({
      'x.inter': table(['session_id:token', 'product_id:token', 'date:token'], ['s', 'b', '2020-01-02']),
      'x.item': table(['product_id:token', 'title:token_seq'], ['b', 'A lamp'], ['b', 'Again'], ['', 'None']),
    }),
    stop,
  );
  assert.deepEqual(dataset.items, [{ itemId: 'b', title: 'A lamp', attributes: {} }]);
  const text = notes.join('\n');
  assert.match(
    text,
    /"session_id:token" is read as the user, "product_id:token" as the item and "date:token"/,
  );
  assert.match(text, /x\.item: 1 records without an id are left out\./);
  assert.match(text, /x\.item: 1 records of an item that an earlier one is of are left out\./);
});

test('ratings, labels and events are what the filters look at', async () => {
  const rated = await readDataset(folderOf(FILES), { ...stop, minRating: 4 });
  assert.deepEqual([rated.filteredRows, rated.dataset.userIds], [1, ['1', '2']]);
  const header = ['user_id:token', 'item_id:token', 'label:float', 'action_type:token'];
  const shown = folderOf({ 'x.inter': table(header, ['u', 'a', '0', 'view'], ['u', 'b', '1', 'buy']) });
  const all = await readDataset(shown, stop);
  assert.match(all.notes.join('\n'), /Rows of any label count .*--min-rating 1\./);
  for (const filter of [{ minRating: 1 }, { events: ['buy'] }]) {
    const some = await readDataset(shown, { ...stop, ...filter });
    assert.deepEqual(
      some.dataset.items.map(({ itemId }) => itemId),
      ['b'],
    );
    assert.equal(some.filteredRows, 1);
  }
});

test('an item that NAME.item lacks is known by its id, and such are counted', async () => {
  const more = { ...FILES, 'x.inter': FILES['x.inter'] + table(['2', '7', '1', '978302110']) };
  const { dataset, notes } = await readDataset(folderOf(more), stop);
  assert.deepEqual(dataset.items.at(-1), { itemId: '7', attributes: {} });
  assert.equal(notes.at(-1), 'Items that x.item lacks: 1.');
});

const badRows: [file: keyof typeof FILES, row: string[], message: RegExp][] = [
  ['x.inter', ['1', '661', '5'], /^x\.inter:5:1: got 3 columns, expected 4;/],
  ['x.inter', ['', '661', '5', '1'], /^x\.inter:5:1: got an empty id, expected the user's id;/],
  ['x.inter', ['1', '661', '5', 'x'], /^x\.inter:5:9: got timestamp:float "x", expected a number/],
  ['x.item', ['7', 'Heat'], /^x\.item:4:1: got 2 columns, expected 6;/],
  [
    'x.item',
    ['7', 'Heat', '', '', 'many', ''],
    /^x\.item:4:10: got votes:float "many", expected a number, as the header says;/,
  ],
];
test('a bad row has its place, and is left out where such are skipped', async () => {
  await testBadRows(
    FILES,
    badRows.map(([file, row, message]) => [file, table(row), message]),
  );
});

const refusals: [files: Record<string, string>, message: RegExp][] = [
  [
    { 'x.inter': table(['user_id:token', 'item_id_list:token_seq', 'item_id:token'], ['u', '1 2', '3']) },
    /^x\.inter:1:1: got item_id_list:token_seq, a sequence a row, expected one interaction a row; take/,
  ],
  [
    { 'x.inter': table(['user_id', 'item_id'], ['u', 'a']) },
    /^x\.inter:1:1: got "user_id", expected names with types, parted by tabs, such as user_id:token; write/,
  ],
  [
    { 'x.inter': table(['user_id:token', 'entity:token'], ['u', 'a']) },
    /^x\.inter:1:1: got "user_id:token", "entity:token", expected user_id:token and item_id:token among/,
  ],
  [
    { 'x.inter': table(['user_id:token', 'item_id:token', 'ts:float', 'date:token'], ['u', 'a', '1', '2']) },
    /^x\.inter:1:1: got "ts", "date", each of which may be the time, expected one; call/,
  ],
  [
    { ...FILES, 'x.item': table(['color:token', 'size:token'], ['red', 'L']) },
    /^x\.item:1:1: got "color:token", "size:token", expected item_id:token among them; name/,
  ],
  [
    { 'x.train.inter': table(HEADER, ROWS[0]), 'x.test.inter': table(HEADER.slice(0, 2), ['1', '2']) },
    /^x\.test\.inter:1:1: got .*, expected the columns of x\.train\.inter, another part of .*; write/,
  ],
  [{ 'x.inter': '' }, /x\.inter has no interactions, expected some to learn from/],
  [{ ...FILES, 'x.item': '' }, /x\.item has no items, expected one a row; write/],
  [{ ...FILES, 'x.item': table(ITEM_HEADER) }, /x\.item has no items, expected one a row; write/],
  [{ ...FILES, 'y.inter': 'x' }, /: got both x\.inter and y\.inter, expected one, or the parts of one split/],
  [{ ...FILES, 'x.train.inter': 'x' }, /: got both x\.inter and x\.train\.inter, expected one, or the parts/],
  [{ 'x.train.inter': 'x', 'y.test.inter': 'x' }, /: got both x\.train\.inter and y\.test\.inter, expected/],
  [
    { 'x.train.inter': 'x', 'x.train.inter.gz': 'x' },
    /: got both x\.train\.inter and x\.train\.inter\.gz, expected one/,
  ],
  [{ ...FILES, 'y.item': 'x' }, /: got both x\.item and y\.item, expected one; keep the one/],
  [{ ...FILES, ...OWN }, /: got x\.inter, x\.item beside interactions\.csv and items\.jsonl/],
];
test('what is no interactions of RecBole, or may be two, is refused in one sentence', async () => {
  for (const [files, message] of refusals)
    await assert.rejects(readDataset(folderOf(files), stop), refused(message), String(message));
});
