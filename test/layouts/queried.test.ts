// What queries find in a Postgres is the data set that the same rows are in a folder.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { folderOf, lines } from '../support/folders.ts';
import { temporaryPostgresDatabase, withoutPostgres } from '../support/stores.ts';

const stop = { onBadRow: 'stop' } as const;

test('two queries of a shop: the same data set as written by hand', {
  skip: withoutPostgres,
}, async (context) => {
  const url = await temporaryPostgresDatabase(context);
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    CREATE TABLE orders (customer bigint, product text, created_at timestamptz, status text);
    INSERT INTO orders
      SELECT n % 3000, 'p' || n % 50, '2024-01-01Z'::timestamptz + n * interval '1 us', 'paid'
      FROM generate_series(1, 25000) AS n ORDER BY random();
    CREATE TABLE products
      (id text, name text, price numeric, tags text[], more jsonb, since date, sold boolean);
    INSERT INTO products
      SELECT 'p' || n, 'Tent ' || n, 10.50, '{red,dry}', '{"size": {"w": 1}}', '2024-02-29', true
      FROM generate_series(0, 49) AS n`);
  await client.end();
  const choices = {
    ...stop,
    interactionsQuery:
      'SELECT customer AS user_id, product AS item_id, created_at FROM orders -- all of them',
    itemsQuery: 'SELECT * FROM products ORDER BY id;',
    itemColumn: ['item_id', 'id'],
  };
  const { dataset, notes, layout } = await readDataset(url, choices);
  assert.equal(layout, 'queries');
  assert.deepEqual(notes, ['--interactions-query: the column "created_at" is read as the time.']);
  assert.match(dataset.name, /^tslrec_test_\w+$/);

  const ids = Array.from({ length: 50 }, (_, n) => `p${n}`).sort();
  const item = (id: string) => ({
    item_id: id,
    title: `Tent ${id.slice(1)}`,
    attributes: {
      price: '10.50',
      tags: ['red', 'dry'],
      more: { size: { w: 1 } },
      since: '2024-02-29',
      sold: true,
    },
  });
  const rows = Array.from({ length: 25_000 }, (_, i) => `${(i + 1) % 3000},p${(i + 1) % 50},${i + 1}`);
  const folder = folderOf({
    'items.jsonl': lines(...ids.map((id) => JSON.stringify(item(id)))),
    'interactions.csv': lines('user_id,item_id,timestamp', ...rows),
  });
  assert.equal(dataset.hash, (await readDataset(folder, stop)).dataset.hash);

  const mistakes: [choices: object, message: RegExp][] = [
    [
      { interactionsQuery: undefined },
      /^--data is a database: give --interactions-query "SELECT user_id, item_id/,
    ],
    [
      { interactionsQuery: 'SELECT nothing FROM orders' },
      /^--interactions-query: the database refuses the query: column "nothing" does not exist; correct it/,
    ],
    [
      { interactionsQuery: 'DELETE FROM orders RETURNING *' },
      /^--interactions-query: the database refuses the query: syntax error/,
    ],
    [
      { interactionsQuery: 'SELECT customer AS user_id, product FROM orders' },
      /^--interactions-query: got the columns "user_id", "product", expected item_id or id among them; name/,
    ],
    [
      { itemsQuery: 'SELECT id, name, price AS name FROM products' },
      /^--items-query: got the column "name" twice, expected each name once; rename one with AS\.$/,
    ],
    [
      {
        interactionsQuery:
          'SELECT customer AS user_id, product AS item_id, 1/(customer - 5) AS t FROM orders',
      },
      /^--interactions-query: the database refuses the query: division by zero/,
    ],
    [
      {
        interactionsQuery: "SELECT customer AS user_id, product AS item_id, 'soon' AS created_at FROM orders",
      },
      /^--interactions-query:1:1: got created_at "soon", expected a number, .*; correct the row/,
    ],
  ];
  for (const [changed, message] of mistakes)
    await assert.rejects(
      readDataset(url, { ...choices, ...changed }),
      { name: 'TslrecError', message },
      String(message),
    );
});

test('a database that is not there, and queries of a folder, are one sentence without a secret', async () => {
  const nowhere = 'postgres://me:secret@127.0.0.1:1/shop';
  await assert.rejects(
    readDataset(nowhere, { ...stop, interactionsQuery: 'SELECT 1' }),
    ({ message }: Error) => {
      assert.match(
        message,
        /^The database postgres:\/\/me:\*\*\*@127\.0\.0\.1:1\/shop cannot be opened: .*ECONNREFUSED/,
      );
      return !message.includes('secret');
    },
  );
  await assert.rejects(readDataset('postgres://me:secret@shop:x/y', { ...stop, interactionsQuery: '' }), {
    message: /^The URL of the database cannot be read; it has to look like postgres:/,
  });
  const folder = folderOf({ 'interactions.csv': lines('user_id,item_id', 'u,a') });
  await assert.rejects(readDataset(folder, { ...stop, itemsQuery: 'SELECT 1' }), {
    message: /^--items-query goes with --data postgres:\/\/user:password@host:5432\/name, got .*\.$/,
  });
});
