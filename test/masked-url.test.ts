// What people see of a URL: src/masked-url.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import { createApp } from '../src/api/app.ts';
import { maskedUrl } from '../src/masked-url.ts';
import type { Store } from '../src/storage/store.ts';

/** Every place that can hold a secret holds this one. */
const SECRET = 'hunter2';

const SHOWN: Record<string, string> = {
  'postgres://reader@host:5432/name': 'postgres://reader@host:5432/name',
  'postgres://reader:hunter2@host/name': 'postgres://reader:***@host/name',
  'POSTGRESQL://reader:hunter2@host/name': 'postgresql://reader:***@host/name',
  'postgres://:hunter2@host/name': 'postgres://:***@host/name',
  'postgres://host/name?password=hunter2&sslmode=no-verify':
    'postgres://host/name?password=***&sslmode=no-verify',
  'postgres://host/name?sslpassword=hunter2': 'postgres://host/name?sslpassword=***',
  'postgres://host/name?sslkey=hunter2': 'postgres://host/name?sslkey=***',
  'postgres://host/name?PASSWORD=hunter2': 'postgres://host/name?PASSWORD=***',
  'postgres://host/name?options=-c%20my.key%3Dhunter2': 'postgres://host/name?options=***',
  'postgres://host/name?hunter2': 'postgres://host/name?***',
  'postgres://host/name?h!unter2hunter2=1': 'postgres://host/name?***',
  'postgres://host/name#hunter2': 'postgres://host/name',
  'postgres://reader:hunter2@host:port/name': 'postgres://***',
  'postgres://reader:12?hunter2@host/name': 'postgres://***',
  'postgres://reader:12/hunter2@host/name': 'postgres://***',
  'postgres://reader:12#hunter2@host/name': 'postgres://***',
  'postgres:reader:hunter2@host/name': 'postgres://***',
  'postgres://reader:a@hunter2@host/name': 'postgres://reader:***@host/name',
  'mysql://reader:hunter2@host/name': 'mysql://***:***@host/name',
  'postgresql+psycopg2://reader:hunter2@host/name': 'postgresql+psycopg2://***:***@host/name',
  'https://hunter2@host/v1': 'https://***@host/v1',
  'https://host/v1?token=hunter2': 'https://host/v1?token=***',
  hunter2: '***',
};

test('a URL is shown without what can be a secret', () => {
  for (const [url, shown] of Object.entries(SHOWN)) {
    assert.equal(maskedUrl(url), shown);
    assert.ok(!shown.includes(SECRET));
  }
});

test('the log of requests shows no values of parameters that are not known', async (context) => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(line) });
  const server = createServer(createApp({ store: {} as Store, log })).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await (await fetch(`http://127.0.0.1:${port}/healthz?token=${SECRET}&version=7`)).text();
  while (lines.length === 0) await new Promise(setImmediate);
  assert.equal(JSON.parse(lines[0]).url, '/healthz?token=***&version=7');
});
