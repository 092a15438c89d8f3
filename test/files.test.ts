// Files that appear whole or not at all: src/files.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { printable } from '../src/errors.ts';
import { makeFolder, writeFileAtomically } from '../src/files.ts';
import { keepPrivate } from '../src/private-files.ts';
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

test('a folder is made with all that are missing above it, and again without effect', async (context) => {
  const folder = await temporaryFolder(context);
  for (let attempt = 0; attempt < 2; attempt++) makeFolder(path.join(folder, 'a', '..', 'b', 'c'));
  assert.deepEqual(readdirSync(folder, { recursive: true }), ['b', path.join('b', 'c')]);
  symlinkSync(path.join(folder, 'b'), path.join(folder, 'link'));
  makeFolder(path.join(folder, 'link', 'd'));
  assert.deepEqual(readdirSync(path.join(folder, 'b')), ['c', 'd']);
});

test('where no folder can be made, one sentence says so at once', async (context) => {
  const folder = await temporaryFolder(context);
  writeFileSync(path.join(folder, 'file'), '');
  symlinkSync('nowhere', path.join(folder, 'to-nothing'));
  symlinkSync('loop', path.join(folder, 'loop'));
  mkdirSync(path.join(folder, 'forbidden'), 0o500);
  const isRoot = process.getuid?.() === 0 && 'root may write everywhere: run the tests as another user';
  const hasNoProc = process.platform !== 'linux' && 'only Linux has /proc';
  const places: readonly (readonly [place: string, expected: RegExp, skip?: string | false])[] = [
    ['/proc/x', /^tslrec: \/proc\/x cannot be used: no folder can be made there; /, hasNoProc],
    ['/proc/x/y/z', /^tslrec: \/proc\/x cannot be used: no folder can be made there; /, hasNoProc],
    ['/dev/null/x', /\/dev\/null\/x cannot be used: a part of the path is a file/],
    ['/dev/null', /\/dev\/null cannot be used: a file stands where a folder is wanted/],
    [path.join(folder, 'file'), /file cannot be used: a file stands where a folder is wanted/],
    [path.join(folder, 'file', 'x', 'y'), /file\/x\/y cannot be used: a part of the path is a file/],
    [path.join(folder, 'to-nothing'), /to-nothing cannot be used: it is a symbolic link to something that /],
    [path.join(folder, 'to-nothing', 'x'), /to-nothing cannot be used: it is a symbolic link to something /],
    [path.join(folder, 'loop', 'x'), /loop\S* cannot be used: its links lead in a circle/],
    [path.join(folder, 'n'.repeat(300)), /n cannot be used: its name is too long/],
    [path.join(folder, 'forbidden', 'x'), /forbidden\/x cannot be used: permission is denied/, isRoot],
  ];
  for (const [place, expected, skip] of places) {
    await context.test(place.replace(folder, ''), { skip }, () => {
      assert.throws(
        () => makeFolder(place),
        (error) => {
          assert.match(String(printable(error)), expected);
          assert.match(String(printable(error)), /^[^\n]+\.$/);
          return true;
        },
      );
    });
  }
});

test('what is private stays so under every umask, and other files follow it', async (context) => {
  const umask = process.umask();
  context.after(() => process.umask(umask));
  const modeOf = (place: string) => statSync(place).mode & 0o777;
  for (const [mask, folderMode, fileMode] of [
    [0, 0o777, 0o666],
    [0o022, 0o755, 0o644],
    [0o077, 0o700, 0o600],
  ]) {
    const folder = await temporaryFolder(context);
    process.umask(mask);
    const [own, others] = [path.join(folder, 'own'), path.join(folder, 'others')];
    for (const place of [own, others]) writeFileAtomically(path.join(place, 'old', 'file'), 'before');
    keepPrivate(own);
    for (const place of [own, others]) writeFileAtomically(path.join(place, 'new', 'file'), 'after');
    for (const name of ['old', 'new']) {
      assert.equal(modeOf(path.join(own, name)), 0o700);
      assert.equal(modeOf(path.join(own, name, 'file')), 0o600);
      assert.equal(modeOf(path.join(others, name)), folderMode);
      assert.equal(modeOf(path.join(others, name, 'file')), fileMode);
    }
    assert.equal(modeOf(own), 0o700);
  }
});
