// What each sslmode of a URL does, with a server that has TLS and one that has none. No library speaks to the
// user.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { openPostgres } from '../../src/storage/postgres.ts';
import { refused } from '../support/errors.ts';
import { startTlsServer } from '../support/postgres-server.ts';

const ROOT = `&sslrootcert=${path.join(import.meta.dirname, '../fixtures/tls/certificate.pem')}`;
const [TLS, PLAIN] = [true, false];
const [NOT_TRUSTED, OTHER_NAME] = [/certificate is not trusted/, /certificate is of another name/];
const NO_TLS = /it offers no TLS: leave sslmode out/;
/** With TLS at the server, and without: whether the connection is encrypted, or why there is none. */
const MODES: Record<string, readonly [boolean | RegExp, boolean | RegExp]> = {
  '': [PLAIN, PLAIN],
  'sslmode=disable': [PLAIN, PLAIN],
  'sslmode=allow': [TLS, PLAIN],
  'sslmode=prefer': [TLS, PLAIN],
  [`sslmode=prefer${ROOT}`]: [TLS, PLAIN],
  'sslmode=require': [TLS, NO_TLS],
  'sslmode=require#fragment': [TLS, NO_TLS],
  'sslmode=require&uselibpqcompat=false': [TLS, NO_TLS],
  'sslmode=verify-full&sslmode=require': [TLS, NO_TLS],
  [`sslmode=require${ROOT}`]: [TLS, NO_TLS],
  'sslmode=no-verify': [TLS, NO_TLS],
  'uselibpqcompat=true&sslmode=no-verify': [TLS, NO_TLS],
  [`sslmode=verify-ca${ROOT}`]: [TLS, NO_TLS],
  'sslmode=verify-full': [NOT_TRUSTED, NO_TLS],
  [`sslmode=verify-full${ROOT}`]: [OTHER_NAME, NO_TLS],
};

for (const [place, offersTls] of [
  ['with TLS', true],
  ['without TLS', false],
] as const) {
  test(`sslmode and a server ${place}`, async (context) => {
    const warnings: string[] = [];
    const warn = (warning: Error) => warnings.push(warning.message);
    process.on('warning', warn);
    context.after(() => process.off('warning', warn));
    let encrypted: boolean | undefined;
    const server = await startTlsServer(context, offersTls, (found) => {
      encrypted = found;
    });
    for (const [parameters, expected] of Object.entries(MODES)) {
      const outcome = expected[offersTls ? 0 : 1];
      await context.test(parameters || 'none', async () => {
        encrypted = undefined;
        const opening = openPostgres(`${server}?${parameters}`);
        const isOpen = typeof outcome === 'boolean';
        await assert.rejects(opening, refused(isOpen ? /correct the user and the password/ : outcome));
        assert.equal(encrypted, isOpen ? outcome : undefined);
      });
    }
    assert.deepEqual(warnings, []);
  });
}

test('an sslmode that is none, or lacks its authority, is refused', async () => {
  const open = (parameters: string) =>
    openPostgres(`postgres://reader:hunter2@127.0.0.1:1/name?${parameters}`);
  for (const mode of ['requier', 'Require', ''])
    await assert.rejects(open(`sslmode=${mode}`), refused(/sslmode is "\w*", expected is one of disable, /));
  await assert.rejects(
    open('sslmode=verify-ca'),
    refused(/verify-ca without an authority, .* sslrootcert=FILE/),
  );
});
