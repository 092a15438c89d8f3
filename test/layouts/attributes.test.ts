// What items say of themselves, whatever values people's files have for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { folderOf, lines } from '../support/folders.ts';

async function readItem(item: object) {
  const folder = folderOf({
    'items.jsonl': lines(JSON.stringify({ item_id: 'a', ...item })),
    'interactions.csv': lines('user_id,item_id', 'u,a'),
  });
  return (await readDataset(folder, { onBadRow: 'stop' })).dataset.items[0];
}

test('each kind of value becomes text, a number or a list of texts', async () => {
  const { attributes } = await readItem({
    attributes: {
      text: ' as it is ',
      number: 10.5,
      yes: true,
      no: false,
      list: ['b', 5, null, '', false],
      nested: [
        ['Clothing', 'Women'],
        ['Clothing', 'Coats'],
      ],
      details: { Brand: 'North', 'Item weight': 2, parts: ['pole', 'peg'], box: { w: 1, h: 2 }, none: null },
      objects: [{ name: 'pole', count: 3 }, 'peg'],
    },
  });
  assert.deepEqual(attributes, {
    text: ' as it is ',
    number: 10.5,
    yes: 'yes',
    no: 'no',
    list: ['b', '5', 'no'],
    nested: ['Clothing', 'Women', 'Clothing', 'Coats'],
    details: ['Brand: North', 'Item weight: 2', 'parts: pole, peg', 'box: w: 1, h: 2'],
    objects: ['name: pole, count: 3', 'peg'],
  });
});

test('nothing is no attribute, and neither title nor description', async () => {
  const nothing = { a: null, b: '', c: '  ', d: [], e: {}, f: [null, ''], g: { h: null }, i: [[], {}] };
  assert.deepEqual(await readItem({ title: ' ', description: null, attributes: nothing }), {
    itemId: 'a',
    attributes: {},
  });
});

test('values within values more than twenty deep are a bad row', async () => {
  const nested = (depth: number): unknown => (depth === 0 ? 'x' : [nested(depth - 1)]);
  assert.deepEqual((await readItem({ attributes: { a: nested(10) } })).attributes, { a: ['x'] });
  await assert.rejects(readItem({ attributes: { a: nested(30) } }), {
    message:
      /^items\.jsonl:1:1: got values within values, more than 20 deep, expected fewer; correct the row/,
  });
});
