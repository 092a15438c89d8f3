// Julian McAuley's Steam data: each line a Python dict.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { refused } from '../support/errors.ts';
import { folderOf, lines } from '../support/folders.ts';

const stop = { onBadRow: 'stop' } as const;
const REVIEWS = lines(
  `{u'username': u"Chaos' Syren", u'hours': 0.1, u'products': 41, u'product_id': u'725280', ` +
    `u'date': u'2017-12-17', u'text': u'This would not be "acceptable"', u'early_access': False}`,
  `{u'username': u"Chaos' Syren", u'product_id': u'328100', u'date': u'2017-08-02', u'text': u'\\u2665\\n'}`,
  `{u'username': u'Ariman1', u'product_id': u'999', u'date': u'2017-08-02', u'page': 2}`,
);
const GAMES = lines(
  `{u'publisher': u'Kotoshiro', u'genres': [u'Action', u'Indie'], u'app_name': u'Kitty', ` +
    `u'title': u'Lost Summoner Kitty', u'url': u'http://x', u'price': 4.99, u'id': u'725280', u'specs': [], ` +
    `u'early_access': False, u'release_date': u'2018-01-04', u'tags': [u'Strategy'], ` +
    `u'developer': u'Kotoshiro'}`,
  `{u'app_name': u'Batman\\xae', u'id': u'328100', u'price': u'Free to Play', u'sentiment': u'Mixed'}`,
  `{u'app_name': u'No id', u'price': 1.0}`,
  `{u'app_name': u'Twice', u'id': u'328100'}`,
);
const FILES = { 'steam_reviews.json': REVIEWS, 'steam_games.json': GAMES };
const OWN = {
  'items.jsonl': lines(
    JSON.stringify({
      item_id: '725280',
      title: 'Lost Summoner Kitty',
      attributes: {
        ...{
          genres: ['Action', 'Indie'],
          tags: ['Strategy'],
          developer: 'Kotoshiro',
          publisher: 'Kotoshiro',
        },
        ...{ release_date: '2018-01-04', price: 4.99 },
      },
    }),
    JSON.stringify({
      item_id: '328100',
      title: 'Batman®',
      attributes: { price: 'Free to Play', sentiment: 'Mixed' },
    }),
    '{"item_id":"999"}',
  ),
  'interactions.csv': lines(
    'user_id,item_id,timestamp',
    ...["Chaos' Syren,725280,3", "Chaos' Syren,328100,2", 'Ariman1,999,1'],
  ),
};

test('reviews and games are the same data set as their conversion, packed or not', async () => {
  const packed = { 'steam_reviews.json.gz': gzipSync(REVIEWS), 'steam_games.json.gz': gzipSync(GAMES) };
  const { hash } = (await readDataset(folderOf(OWN), stop)).dataset;
  assert.equal((await readDataset(folderOf(packed), stop)).dataset.hash, hash);
  const { dataset, notes } = await readDataset(folderOf(FILES), stop);
  assert.equal(dataset.hash, hash);
  assert.deepEqual(notes, [
    'Recognised: Steam (steam_reviews.json, steam_games.json).',
    'steam_reviews.json: "username" is read as the user, "product_id" as the item and "date" as the time.',
    'steam_reviews.json: columns that are not read: "hours", "products", "text", "early_access", "page".',
    'steam_games.json: columns that are not read: "url", "early_access".',
    'steam_games.json: 1 records without an id are left out.',
    'steam_games.json: 1 records of an item that an earlier one is of are left out.',
    'Games that steam_games.json lacks: 1.',
  ]);
});

test('without games the ids are known alone', async () => {
  const { dataset, notes } = await readDataset(folderOf({ 'steam_new.json': REVIEWS }), stop);
  assert.deepEqual(
    dataset.items.map(({ itemId }) => itemId),
    ['725280', '328100', '999'],
  );
  assert.match(
    notes.join('\n'),
    /There is no steam_games\.json: games are known by the ids in steam_new\.json/,
  );
});

test('JSON lines of the same keys are read alike', async () => {
  const json = {
    'steam_reviews.json': lines('{"username":"u","product_id":"1","date":"2017-08-02"}'),
    'steam_games.json': lines(
      '{"id":"1","app_name":"Kitty","tags":["Cat"]}',
      '{"id":"1","app_name":"Again"}',
    ),
  };
  const { dataset } = await readDataset(folderOf(json), stop);
  assert.deepEqual(dataset.items, [{ itemId: '1', title: 'Kitty', attributes: { tags: ['Cat'] } }]);
  assert.equal(dataset.times[0][0], Date.UTC(2017, 7, 2) / 1e3);
  const empty = { ...json, 'steam_games.json': '{"app_name":"No id"}\n' };
  await assert.rejects(
    readDataset(folderOf(empty), stop),
    refused(/steam_games\.json has no games, expected one a line; download/),
  );
});

test('a line that is no dict is a bad row, told where it is none', async () => {
  const broken = { ...FILES, 'steam_reviews.json': REVIEWS + lines("{u'username': u'x', u'product_id': }") };
  await assert.rejects(readDataset(folderOf(broken), stop), {
    message: /^steam_reviews\.json:4:36: got "\{u'username'.*", expected one Python dict; correct the row/,
  });
  const { skippedRows } = await readDataset(folderOf(broken), { onBadRow: 'skip' });
  assert.equal(skippedRows, 1);
});
