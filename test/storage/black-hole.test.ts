// A database that takes everything and answers nothing, as behind a router that has forgotten the connection:
// every wait ends, and whatever is told to end does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { openPostgres } from '../../src/storage/postgres.ts';
import { startTslrec, tslrec } from '../support/command-line.ts';
import { startPostgresServer, startProxy } from '../support/postgres-server.ts';
import { temporaryFolder } from '../support/stores.ts';

/** What docs/OPERATIONS.md states, and as much again for a machine that is busy. */
const ANSWERED_WITHIN_MS = 2 * 15_000;
const STOPPED_WITHIN_MS = 2 * 10_000;

async function millisecondsOf(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

test('a database that swallows everything', { concurrency: true }, async (context) => {
  const server = await startPostgresServer(context);

  const served = context.test('serve answers 503 in time, and ends in time when told to', async (serving) => {
    const proxy = await startProxy(serving, server);
    const folder = await temporaryFolder(serving);
    const child = startTslrec(folder, ['serve', '--store', proxy.url], { PORT: '0' });
    child.stderr.resume();
    const closed = once(child, 'close');
    const [announcement] = await once(child.stdout, 'data');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(announcement))![0];
    const statusOf = async (resource: string) => (await fetch(url + resource)).status;
    assert.equal(await statusOf('/versions'), 200);

    proxy.swallow();
    const reads = ['/readyz', '/versions', '/embeddings/a', '/items/a/neighbors', '/users/u/preferences'];
    // More at once than the pool has connections.
    const asked = Array.from({ length: 15 }, (_, i) => statusOf(reads[i % reads.length]));
    const tookMs = await millisecondsOf(
      Promise.all(asked).then((statuses) => assert.deepEqual([...new Set(statuses)], [503])),
    );
    assert.ok(tookMs < ANSWERED_WITHIN_MS, `${tookMs} ms`);
    assert.equal(await statusOf('/healthz'), 200);

    for (let i = 0; i < 15; i++) fetch(url + reads[i % reads.length]).catch(() => {});
    await statusOf('/healthz');
    child.kill('SIGTERM');
    const endedMs = await millisecondsOf(closed);
    assert.ok(endedMs < STOPPED_WITHIN_MS, `${endedMs} ms`);
    assert.deepEqual(await closed, [0, null]);
  });

  const opened = context.test(
    'an open database closes at once, and what waits is refused',
    async (opening) => {
      const proxy = await startProxy(opening, server);
      const database = await openPostgres(proxy.url);
      await database.query('SELECT 1');
      proxy.swallow();
      const waiting = [
        database.query('SELECT 1'),
        database.transaction((query) => query('SELECT 1')),
        database.tryLock('refresh'),
      ].map((work) => assert.rejects(work, { code: 'unavailable' }));
      assert.ok((await millisecondsOf(database.close())) < STOPPED_WITHIN_MS);
      await Promise.all(waiting);
    },
  );

  const commands = ['migrate', 'serve'].map((command) =>
    context.test(`${command} ends with a sentence where nothing answers at all`, async (starting) => {
      const proxy = await startProxy(starting, server);
      proxy.swallow();
      const { code, stdout, stderr } = await tslrec(await temporaryFolder(starting), [
        command,
        '--store',
        proxy.url,
      ]);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.match(
        stderr,
        /^tslrec: The database postgres:\/\/postgres:\*\*\*@[^\n]* cannot be opened: [^\n]*\.\n$/,
      );
    }),
  );

  const killed = context.test('migrate is ended by a signal at once', async (killing) => {
    const proxy = await startProxy(killing, server);
    proxy.swallow();
    const child = startTslrec(await temporaryFolder(killing), ['migrate', '--store', proxy.url]);
    setTimeout(() => child.kill('SIGTERM'), 1500);
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
  });
  await Promise.all([served, opened, killed, ...commands]);
});
