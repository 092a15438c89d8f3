// What every Database promises (src/storage/database.ts), as tests that run over each implementation.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Database } from '../../src/storage/database.ts';

export function testDatabaseContract(
  name: string,
  open: (context: TestContext) => Promise<Database>,
  skip: { all: string | false; lostConnection: string | false },
): void {
  test(`${name} keeps the contract of Database`, { skip: skip.all }, async (context) => {
    const database = await open(context);
    await database.query('CREATE TABLE notes (id integer PRIMARY KEY, text text)');
    const texts = async () => {
      const rows = await database.query<{ text: string }>('SELECT text FROM notes ORDER BY id');
      return rows.map(({ text }) => text).join('');
    };

    await context.test('parameters and values come back as what they were', async () => {
      const [row] = await database.query(
        `SELECT $1::text AS text, $2::integer AS int, $3::double precision AS float, $4::boolean AS bool,
           $5::text AS nothing, $6::text[] AS texts, $7::integer[] AS ints, $8::jsonb AS json,
           $9::timestamptz AS time`,
        [
          'ö"\\\n',
          -7,
          0.1,
          true,
          null,
          ['a,b', '"', null, '{}', 'NULL', ''],
          [1, null, -3],
          '{"k":[1]}',
          new Date(86_400_000),
        ],
      );
      assert.deepEqual(
        { ...row },
        {
          text: 'ö"\\\n',
          int: -7,
          float: 0.1,
          bool: true,
          nothing: null,
          texts: ['a,b', '"', null, '{}', 'NULL', ''],
          ints: [1, null, -3],
          json: { k: [1] },
          time: new Date('1970-01-02T00:00:00Z'),
        },
      );
    });

    await context.test('a script without parameters runs whole and answers its last rows', async () => {
      assert.deepEqual(
        (await database.query('SELECT 1 AS n; SELECT 2 AS n')).map((row) => ({ ...row })),
        [{ n: 2 }],
      );
    });

    await context.test('a wrong statement rejects, and the next one works', async () => {
      for (const [sql, parameters, refusal] of [
        ['SELEC 1', [], /syntax error .*SQLSTATE 42601/],
        ['SELECT $1::integer', ['x'], /invalid input syntax .*SQLSTATE 22P02/],
        ['SELECT nothing FROM notes', [], /nothing.*SQLSTATE 42703.*restore them from a backup/],
      ] as const)
        await assert.rejects(database.query(sql, parameters), {
          name: 'TslrecError',
          code: 'database-refuses',
          message: refusal,
        });
      assert.equal((await database.query('SELECT 1')).length, 1);
    });

    await context.test('a transaction commits what its function did and answers its value', async () => {
      const answer = await database.transaction(async (query) => {
        await query('INSERT INTO notes VALUES (1, $1)', ['a']);
        return 42;
      });
      assert.equal(answer, 42);
      assert.equal(await texts(), 'a');
    });

    await context.test('a transaction whose function throws leaves nothing', async () => {
      const work = database.transaction(async (query) => {
        await query("INSERT INTO notes VALUES (2, 'b')");
        throw new Error('changed my mind');
      });
      await assert.rejects(work, /changed my mind/);
      assert.equal(await texts(), 'a');
    });

    await context.test(
      'a failed statement fails its transaction even when the function swallows it',
      async () => {
        const work = database.transaction(async (query) => {
          await query("INSERT INTO notes VALUES (3, 'c')");
          await query("INSERT INTO notes VALUES (1, 'twice')").catch(() => {});
        });
        await assert.rejects(work, /duplicate key/);
        assert.equal(await texts(), 'a');
      },
    );

    await context.test('a statement after the end of its transaction is refused', async () => {
      let leaked: (sql: string) => Promise<unknown> = async () => {};
      await database.transaction(async (query) => {
        leaked = query;
      });
      await assert.rejects(leaked("INSERT INTO notes VALUES (4, 'd')"), /internal: .*ended/);
    });

    await context.test('200 transactions at once, every fifth failing, add up to 160', async () => {
      await database.query('CREATE TABLE counter AS SELECT 0 AS n');
      const results = await Promise.allSettled(
        Array.from({ length: 200 }, (_, i) =>
          database.transaction(async (query) => {
            const [{ n }] = await query<{ n: number }>('SELECT n FROM counter FOR UPDATE');
            await query('UPDATE counter SET n = $1', [n + 1]);
            if (i % 5 === 0) throw new Error('no');
          }),
        ),
      );
      assert.equal(results.filter(({ status }) => status === 'rejected').length, 40);
      assert.deepEqual({ ...(await database.query('SELECT n FROM counter'))[0] }, { n: 160 });
    });

    await context.test(
      'a connection lost in a transaction rejects it',
      { skip: skip.lostConnection },
      async () => {
        const work = database.transaction(async (query) => {
          await query("INSERT INTO notes VALUES (5, 'e')");
          await query('SELECT pg_terminate_backend(pg_backend_pid())');
        });
        await assert.rejects(work, { code: 'unavailable' });
        assert.equal(await texts(), 'a');
      },
    );

    await context.test('after close, statements are refused', async () => {
      await database.close();
      await assert.rejects(database.query('SELECT 1'));
    });
  });
}
