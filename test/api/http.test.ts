// A path with several methods, and paths that overlap: what src/api/http.ts makes of them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import { z } from 'zod';
import { everybody } from '../../src/api/admission.ts';
import { addRoutes, answerError, refuseRequest } from '../../src/api/http.ts';
import { type Routes, route } from '../../src/api/route.ts';
import { silentLog } from '../support/stores.ts';

const answers = { 200: { description: 'What was done' } };
const declared = { summary: 'A thing', scope: 'open', answers } as const;
const params = z.object({ id: z.string() });

const ROUTES: Routes = {
  '/things/batch': {
    POST: route({ ...declared, handle: () => ({ did: 'batch' }) }),
  },
  '/things/:id': {
    GET: route({ ...declared, params, handle: ({ params: { id } }) => ({ did: 'read', id }) }),
    PUT: route({
      ...declared,
      params,
      query: z.strictObject({ times: z.coerce.number() }),
      handle: ({ params: { id }, query: { times } }) => ({ did: 'put', id, times }),
    }),
  },
  '/things/:id/forget': {
    DELETE: route({ ...declared, handle: () => ({ did: 'forget' }) }),
  },
};

test('each method of a path has its own handler; others are told which there are', async (context) => {
  const app = express();
  addRoutes(app, ROUTES, everybody);
  app.use(refuseRequest, answerError(silentLog));
  const server = app.listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (method: string, path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    const text = await response.text();
    const { error, ...body } = text === '' ? {} : JSON.parse(text);
    return [response.status, error?.code ?? body, response.headers.get('allow')];
  };

  assert.deepEqual(await ask('GET', '/things/a'), [200, { did: 'read', id: 'a' }, null]);
  assert.deepEqual(await ask('HEAD', '/things/a'), [200, {}, null]);
  assert.deepEqual(await ask('PUT', '/things/a?times=2'), [200, { did: 'put', id: 'a', times: 2 }, null]);
  assert.deepEqual(await ask('GET', '/things/a?times=2'), [400, 'bad-parameter', null]);
  for (const method of ['POST', 'DELETE', 'PATCH', 'OPTIONS'])
    assert.deepEqual(await ask(method, '/things/a'), [405, 'method-not-allowed', 'GET, HEAD, PUT'], method);
  assert.deepEqual(await ask('GET', '/things/a/forget'), [405, 'method-not-allowed', 'DELETE']);

  // A thing may be called "batch".
  assert.deepEqual(await ask('POST', '/things/batch'), [200, { did: 'batch' }, null]);
  assert.deepEqual(await ask('GET', '/things/batch'), [200, { did: 'read', id: 'batch' }, null]);
  assert.deepEqual(await ask('DELETE', '/things/batch'), [405, 'method-not-allowed', 'POST, GET, HEAD, PUT']);
  assert.deepEqual(await ask('DELETE', '/nothing'), [404, 'not-found', null]);
});
