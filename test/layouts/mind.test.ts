// MIND, as its introduction describes the files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const tsv = (...fields: string[]) => fields.join('\t');
const news = (id: string, title: string, abstract = '') =>
  tsv(id, 'sports', 'tennis', title, abstract, 'https://x', '[{"Label": "x"}]', '[]');
const NEWS = lines(
  news('N1', 'A "quoted, title', 'What it is about'),
  news('N2', 'Second'),
  news('N3', 'Third'),
);
const BEHAVIORS = lines(
  // Of U1 the later impression stands first: the history belongs before the earlier one.
  tsv('1', 'U1', '11/15/2019 12:05:00 PM', 'N3 N1 N3', 'N1-0 N2-1'),
  tsv('2', 'U1', '11/15/2019 12:05:00 AM', 'N3 N1 N3', 'N1-1 N3-0'),
  tsv('3', 'U2', '11/9/2019 8:55:22 AM', '', 'N9-1 N1-0'),
  tsv('4', 'U3', '11/9/2019 8:55:22 AM', '', 'N1-0'),
);
const FILES = { 'behaviors.tsv': BEHAVIORS, 'news.tsv': NEWS };
const item = (id: string, title: string, description?: string) =>
  JSON.stringify({
    item_id: id,
    title,
    description,
    attributes: { category: 'sports', subcategory: 'tennis' },
  });
const OWN = {
  'items.jsonl': lines(
    item('N1', 'A "quoted, title', 'What it is about'),
    item('N2', 'Second'),
    item('N3', 'Third'),
    '{"item_id":"N9"}',
  ),
  'interactions.csv': lines(
    'user_id,item_id,timestamp',
    ...['U1,N3,1', 'U1,N1,2', 'U1,N3,3', 'U1,N1,4', 'U1,N2,5', 'U2,N9,1'],
  ),
};

test('what was clicked, after the history, once a user: the same data set as its conversion', async () => {
  const folder = folderOf({ ...FILES, 'entity_embedding.vec': 'x', 'relation_embedding.vec': 'x' });
  const { dataset, notes } = await readDataset(folder, stop);
  assert.equal(dataset.hash, (await readDataset(folderOf(OWN), stop)).dataset.hash);
  const first = Date.UTC(2019, 10, 15) / 1e3 + 300;
  assert.deepEqual([...dataset.times[0]], [first - 3, first - 2, first - 1, first, first + 43_200]);
  assert.deepEqual(notes, [
    'Recognised: MIND (behaviors.tsv, news.tsv).',
    'behaviors.tsv: what was clicked is an interaction at the time of its impression, read as UTC; a ' +
      "user's history comes before the first of them, once.",
    'Files that are not read: entity_embedding.vec, relation_embedding.vec.',
    'News that news.tsv lacks: 1.',
  ]);
});

test('a set without labels has histories alone', async () => {
  const unlabelled = BEHAVIORS.replace(/-[01]/g, '');
  const { dataset, notes } = await readDataset(folderOf({ ...FILES, 'behaviors.tsv': unlabelled }), stop);
  assert.deepEqual(dataset.userIds, ['U1']);
  assert.deepEqual([...dataset.sequences[0]], [2, 0, 2]);
  assert.equal(
    notes.at(-1),
    'behaviors.tsv: impressions that do not say what was clicked: 4; of them the history alone is read.',
  );
});

const badRows: [row: string, message: RegExp][] = [
  [
    tsv('5', 'U4', '15/11/2019 8:55:22 AM', '', 'N1-0'),
    /^behaviors\.tsv:5:6: got time "15\/11\/2019 .*", expected month, day and time, such as/,
  ],
  [tsv('5', 'U4', '2/30/2019 8:55:22 AM', 'N1', 'N1-1'), /^behaviors\.tsv:5:6: got time "2\/30\/2019 /],
  [tsv('5', 'U4', '2019', 'N1'), /^behaviors\.tsv:5:1: got 4 columns, expected 5;/],
  [tsv('5', '', '11/9/2019 8:55:22 AM', 'N1', 'N1-1 N2-1'), /^behaviors\.tsv:5:3: got an empty id/],
  [
    tsv('5', 'U1', '11/9/2019 8:55:22 AM', 'N1', 'N1-1 N2'),
    /^behaviors\.tsv:5:30: got impressions "N1-1 N2", expected news each with -0 or -1 behind it, or none;/,
  ],
];
test('a bad row has its place, is told once, and counts for nothing where such are skipped', async () => {
  const { dataset } = await readDataset(folderOf(FILES), stop);
  for (const [row, message] of badRows) {
    const folder = folderOf({ ...FILES, 'behaviors.tsv': BEHAVIORS + lines(row) });
    await assert.rejects(readDataset(folder, stop), { code: 'bad-data', message }, row);
    const skipped = await readDataset(folder, { onBadRow: 'skip' });
    assert.deepEqual([skipped.dataset.hash, skipped.skippedRows], [dataset.hash, 1], row);
  }
});
