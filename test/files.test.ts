// Files that appear whole or not at all: src/files.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { writeFileAtomically } from '../src/files.ts';
import { temporaryFolder } from './support/stores.ts';

test('strings and bytes land in the order of writing, across the buffer', async (context) => {
  const file = path.join(await temporaryFolder(context), 'new', 'folder', 'file');
  const long = 'ö'.repeat(70_000);
  writeFileAtomically(file, ['a', Uint8Array.of(0, 255), long, 'b', new Uint8Array(0), 'c']);
  assert.deepEqual(
    readFileSync(file),
    Buffer.concat([Buffer.of(97, 0, 255), Buffer.from(long), Buffer.from('bc')]),
  );
  assert.deepEqual(readdirSync(path.dirname(file)), ['file']);
});

test('a writer that throws leaves the old file and nothing else', async (context) => {
  const folder = await temporaryFolder(context);
  const file = path.join(folder, 'file');
  writeFileAtomically(file, 'old');
  const failing = function* () {
    yield 'new'.repeat(100_000);
    throw new Error('the source broke');
  };
  assert.throws(() => writeFileAtomically(file, failing()), /the source broke/);
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('a name that cannot be taken leaves no temporary file', async (context) => {
  const folder = await temporaryFolder(context);
  writeFileAtomically(path.join(folder, 'taken', 'file'), 'in the way');
  assert.throws(() => writeFileAtomically(path.join(folder, 'taken'), 'new'), { code: 'EISDIR' });
  assert.deepEqual(readdirSync(folder), ['taken']);
});

test('a disk without space ends in one sentence that names the file, and leaves the old one', {
  skip: spawnSync('prlimit', ['--version']).error ? 'prlimit is not installed' : false,
}, async (context) => {
  const folder = await temporaryFolder(context);
  const file = path.join(folder, 'file');
  writeFileAtomically(file, 'old');
  const program = path.join(await temporaryFolder(context), 'write.mjs');
  const source = (name: string) => JSON.stringify(path.join(import.meta.dirname, '../src', name));
  writeFileSync(
    program,
    `import { printable } from ${source('errors.ts')};
    import { writeFileAtomically } from ${source('files.ts')};
    try {
      writeFileAtomically(${JSON.stringify(file)}, ['some', new Uint8Array(5000), 'text'.repeat(50_000)]);
    } catch (error) {
      console.error(printable(error));
      process.exitCode = 1;
    }`,
  );
  for (const bytes of [0, 3, 100, 5004, 100_000]) {
    const { status, stderr } = spawnSync('prlimit', [`--fsize=${bytes}`, process.execPath, program], {
      encoding: 'utf8',
    });
    assert.equal(status, 1, stderr);
    assert.match(
      stderr,
      /^tslrec: \S+\/file cannot be used: it would grow larger .*; give another path .*\.\n$/,
    );
    assert.deepEqual(readdirSync(folder), ['file']);
    assert.equal(readFileSync(file, 'utf8'), 'old');
  }
});
