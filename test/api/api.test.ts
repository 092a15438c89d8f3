// The REST interface over a real store, asked as a client asks it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { pino } from 'pino';
import { createApp } from '../../src/api/app.ts';
import { type Service, startService } from '../../src/service.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { smallDraft, turnedDraft } from '../support/drafts.ts';
import { emptyStoreFolder, silentLog } from '../support/stores.ts';

async function ask(service: Pick<Service, 'url'>, path: string, options?: RequestInit) {
  const response = await fetch(service.url + path, options);
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** As fetch would not send it: the path goes out byte for byte. */
async function askRaw(service: Pick<Service, 'url'>, path: string): Promise<number> {
  const { port } = new URL(service.url);
  const sent = request({ port, path, agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'close');
  return response.statusCode;
}

async function untilReady(service: Service) {
  for (let attempt = 0; attempt < 2_400; attempt++) {
    const answer = await ask(service, '/readyz');
    if (answer.status === 200) return answer;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('never ready');
}

test('before anything is published, the service is alive but not ready', async (context) => {
  const folder = await emptyStoreFolder(context);
  const service = await startService({ storeLocation: folder, port: 0, log: silentLog });
  context.after(service.stop);
  assert.match(service.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual((await ask(service, '/healthz')).body, { status: 'alive' });
  assert.deepEqual(await ask(service, '/readyz').then(({ status, body }) => [status, body]), [
    503,
    { error: { code: 'unavailable', message: 'Not ready: nothing has been published yet.' } },
  ]);
  assert.deepEqual(
    await ask(service, '/embeddings/a').then(({ status, body }) => [status, body.error.code]),
    [503, 'no-version'],
  );

  const { port } = new URL(service.url);
  await assert.rejects(startService({ storeLocation: folder, port: 0, log: silentLog }), {
    code: 'conflict',
  });
  const other = await emptyStoreFolder(context);
  await assert.rejects(startService({ storeLocation: other, port: Number(port), log: silentLog }), {
    code: 'conflict',
    message: `Port ${port} on 127.0.0.1 is in use: stop what listens there or choose another.`,
  });
});

test('a published store', async (context) => {
  const folder = await emptyStoreFolder(context);
  const store = await openStore(folder, { log: silentLog });
  const begin = (key: string) => store.beginRun({ key, command: 'refresh', options: {} });
  const old = await store.publish(smallDraft((await begin('old')).runId));
  const active = await store.publish(turnedDraft((await begin('new')).runId));
  await store.close();
  const service = await startService({ storeLocation: folder, port: 0, log: silentLog });
  context.after(service.stop);
  const origin = { version: active.id, versionCreatedAt: active.createdAt.toISOString() };
  const oldOrigin = { version: old.id, versionCreatedAt: old.createdAt.toISOString() };

  await context.test('becomes ready', async () => {
    assert.deepEqual((await untilReady(service)).body, { status: 'ready', version: active.id });
  });

  await context.test('answers every read, and says from which version', async () => {
    const reads: [string, object][] = [
      ['/embeddings/b', { ...origin, itemId: 'b', embedding: [0.8, 0.6] }],
      ['/embeddings/c%2F%C3%B6%3F', { ...origin, itemId: 'c/ö?', embedding: [0, 1] }],
      [`/embeddings/a?version=${old.id}`, { ...oldOrigin, itemId: 'a', embedding: [1, 0] }],
      ['/users/u2/preferences', { ...origin, userId: 'u2', prior: [0, 0], inferred: [0.25, 0.75] }],
      [
        '/categories',
        {
          ...origin,
          categories: [
            { category: 0, items: 2, inferredItems: 2 },
            { category: 1, items: 1, inferredItems: 2 },
          ],
        },
      ],
    ];
    for (const [path, expected] of reads) {
      const { status, headers, body } = await ask(service, path);
      assert.deepEqual([status, body], [200, expected], path);
      assert.equal(headers.get('x-tslrec-version'), body.version);
    }
    const { body } = await ask(service, '/items/b/neighbors?k=2');
    assert.deepEqual(
      body.neighbors.map(({ itemId }: { itemId: string }) => itemId),
      ['d', 'c/ö?'],
    );
    assert.ok(Math.abs(body.neighbors[0].similarity - 0.8) < 1e-6);
    assert.equal((await ask(service, '/items/b/neighbors')).body.neighbors.length, 3);
    const { versions } = (await ask(service, '/versions')).body;
    assert.deepEqual(
      versions.map(({ id, active }: { id: string; active: boolean }) => [id, active]),
      [
        [active.id, true],
        [old.id, false],
      ],
    );
  });

  await context.test('refuses bad requests with a code, never with a 5xx', async () => {
    const refused: [string, number, string][] = [
      ['/embeddings/nothing', 404, 'unknown-item'],
      ['/items/nothing/neighbors', 404, 'unknown-item'],
      ['/users/nobody/preferences', 404, 'unknown-user'],
      ['/embeddings/a?version=never', 404, 'unknown-version'],
      ['/embeddings/a?version=%00', 404, 'unknown-version'],
      ['/embeddings/a?version=', 400, 'bad-parameter'],
      ['/embeddings/a?version=x&version=y', 400, 'bad-parameter'],
      ['/embeddings/a?verison=x', 400, 'bad-parameter'],
      ['/versions?limit=1', 400, 'bad-parameter'],
      ...['0', '-1', '1.5', '1e9', '1e2', 'abc', '', '1001', 'NaN', '0x10', '%00', '1&k=2'].map(
        (k): [string, number, string] => [`/items/a/neighbors?k=${k}`, 400, 'bad-parameter'],
      ),
      ['/embeddings/%00', 404, 'unknown-item'],
      ['/items/%00/neighbors', 404, 'unknown-item'],
      ['/users/a%00b/preferences', 404, 'unknown-user'],
      ['/embeddings/%F0%9F%98%80', 404, 'unknown-item'],
      ['/embeddings/__proto__', 404, 'unknown-item'],
      ['/items/constructor/neighbors', 404, 'unknown-item'],
      [`/embeddings/${'x'.repeat(10_000)}`, 404, 'unknown-item'],
      ["/embeddings/'%20OR%201=1--", 404, 'unknown-item'],
      ['/embeddings/%', 400, 'bad-request'],
      ['/embeddings/%C3%28', 400, 'bad-request'],
      ['/', 404, 'not-found'],
      ['/embeddings', 404, 'not-found'],
      ['/embeddings/a/b', 404, 'not-found'],
    ];
    for (const [path, status, code] of refused) {
      const answer = await ask(service, path);
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], path);
      assert.ok(answer.body.error.message.length < 300);
    }
    for (const path of [
      '/embeddings/a?__proto__=1',
      '/embeddings/../../etc/passwd',
      '//',
      '/embeddings/\\',
    ]) {
      assert.ok((await askRaw(service, path)) < 500, path);
    }
    assert.equal(await askRaw(service, `/embeddings/${'x'.repeat(20_000)}`), 431);
    const posted = await ask(service, '/embeddings/a', { method: 'POST', body: '{}' });
    assert.deepEqual([posted.status, posted.body.error.code], [405, 'method-not-allowed']);
    assert.equal(posted.headers.get('allow'), 'GET, HEAD');
  });

  await context.test(
    'when stopped, answers the request that is in flight and lets go of everything',
    async () => {
      const slow = connect(Number(new URL(service.url).port), '127.0.0.1');
      slow.write('GET /embeddings/b HTTP/1.1\r\nHost: localhost\r\n');
      await ask(service, '/healthz');
      const stopped = service.stop();
      slow.write('\r\n');
      assert.match(await text(slow), /^HTTP\/1\.1 200 OK\r\n.*"embedding":\[0\.8,0\.6\]/s);
      await stopped;
      await assert.rejects(fetch(service.url));
      await (await openStore(folder, { log: silentLog })).close();
    },
  );
});

test('a bug of ours is logged with its stack and answered without details', async (context) => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line) => lines.push(line) });
  const store = { embedding: () => Promise.reject(new Error('internal: a secret')) } as unknown as Store;
  const server = createServer(createApp({ store, log })).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { status, body } = await ask({ url: `http://127.0.0.1:${port}` }, '/embeddings/a');
  assert.deepEqual([status, body], [500, { error: { code: 'internal', message: 'Internal error.' } }]);
  assert.match(JSON.parse(lines[0]).err.stack, /a secret.*api\.test\.ts/s);
});
