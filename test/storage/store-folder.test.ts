// What may lie in a store's folder and is not tslrec's, and a database there that cannot be made or opened:
// one sentence each, nothing is waited for, and nothing of others is changed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startTslrec, tslrec } from '../support/command-line.ts';
import { emptyStoreFolder, temporaryFolder } from '../support/stores.ts';

const SOURCE = path.join(import.meta.dirname, '../../src');
const MAIN = path.join(SOURCE, 'main.ts');
const without = (command: string) =>
  spawnSync(command, ['--version']).error ? `${command} is not installed` : false;
const migrate = (store: string) => tslrec(tmpdir(), ['migrate', '--store', store]);

/** Names, and what is in the files; the lock files are tslrec's. */
function contentOf(folder: string): unknown {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(({ name, parentPath }) => !(parentPath === folder && ['lock', 'lock-owner'].includes(name)))
    .map((entry) => {
      const place = path.join(entry.parentPath, entry.name);
      if (entry.isSymbolicLink()) return [place, readlinkSync(place)];
      return [place, entry.isFile() ? readFileSync(place, 'base64') : undefined];
    });
}

const modeOf = (place: string) => (statSync(place).mode & 0o777).toString(8);

const junk = (place: string) => writeFileSync(place, 'junk\n'.repeat(2000));
const shortJunk = (place: string) => writeFileSync(place, 'somebody’s own');
const pipe = (place: string) => spawnSync('mkfifo', [place]);

for (const [kind, make, skip] of [
  ['long junk', junk, false],
  ['short junk', shortJunk, false],
  ['a folder', mkdirSync, false],
  ['a pipe', pipe, without('mkfifo')],
] as const) {
  test(`a lock file that is ${kind} is named`, { skip }, async (context) => {
    for (const name of ['lock', 'lock-owner']) {
      const folder = await temporaryFolder(context);
      const place = path.join(folder, name);
      make(place);
      const before = statSync(place);
      const { code, stderr } = await migrate(folder);
      assert.match(stderr, /^tslrec: \S+ is not the file that tslrec makes there.*: move it away .*\.\n$/);
      assert.ok(stderr.includes(` ${place} `), stderr);
      assert.equal(code, 1);
      const { ino, size } = statSync(place);
      assert.deepEqual([ino, size], [before.ino, before.size], 'it is left as it was');
      rmSync(place, { recursive: true });
      assert.equal(existsSync(path.join(folder, 'database')), false);
    }
  });
}

test('what a killed process of any version has left as the lock owner is no hindrance', async (context) => {
  const folder = await emptyStoreFolder(context);
  for (const left of ['', '12345', '{"processId":1,"host":"elsewhere","purpose":"refresh"}']) {
    writeFileSync(path.join(folder, 'lock-owner'), left);
    assert.deepEqual(await migrate(folder), {
      code: 0,
      signal: null,
      stdout: 'The schema is current.\n',
      stderr: '',
    });
  }
});

const MARK = 'tslrec-makes-a-database-here';
const put = (...names: string[]) => {
  return (folder: string) => {
    for (const name of names) {
      const place = path.join(folder, 'database.unfinished', name);
      mkdirSync(path.dirname(place), { recursive: true });
      writeFileSync(place, 'mine');
    }
  };
};

for (const [kind, make] of [
  ['a file', (folder: string) => writeFileSync(path.join(folder, 'database.unfinished'), 'mine')],
  ['a folder of somebody’s', put('notes.txt', 'more/notes.txt')],
  ['what looks like a database', put('PG_VERSION', 'global/pg_control')],
  ['a folder around a database', put('database/PG_VERSION')],
  ['a folder in which more lies than tslrec makes', put(MARK, 'database/PG_VERSION', 'notes.txt')],
  [
    'a link to a folder',
    (folder: string) => {
      mkdirSync(path.join(folder, 'elsewhere'));
      writeFileSync(path.join(folder, 'elsewhere', MARK), '');
      symlinkSync('elsewhere', path.join(folder, 'database.unfinished'));
    },
  ],
] as const) {
  test(`where a new database is to be made, ${kind} is left alone`, async (context) => {
    const folder = await temporaryFolder(context);
    make(folder);
    const before = contentOf(folder);
    const { code, stderr } = await migrate(folder);
    assert.match(
      stderr,
      /^tslrec: \S+database\.unfinished is in the way of a new .*: move it away, or .*\.\n$/,
    );
    assert.equal(code, 1);
    assert.deepEqual(contentOf(folder), before);
  });
}

test('what a killed process has left of a new database is removed', async (context) => {
  const umask = process.umask(0o022); // the commands inherit it
  context.after(() => process.umask(umask));
  const above = path.join(await temporaryFolder(context), 'data');
  const folder = path.join(above, 'store');
  const child = startTslrec(tmpdir(), ['migrate', '--store', folder]);
  const closed = once(child, 'close');
  while (!existsSync(path.join(folder, 'database.unfinished', 'database', 'base'))) {
    assert.equal(child.exitCode, null, 'it ended too early');
    await setTimeout(5);
  }
  child.kill('SIGKILL');
  await closed;
  assert.deepEqual(readdirSync(path.join(folder, 'database.unfinished')).sort(), ['database', MARK]);
  const { code, stderr } = await migrate(folder);
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(readdirSync(folder).sort(), ['database', 'lock']);
  assert.deepEqual(
    [above, folder].map(modeOf),
    ['755', '700'],
    'the folder that it made is its owner’s alone',
  );
});

test('a write for which there is no space says so', { skip: without('prlimit') }, async (context) => {
  const folder = await emptyStoreFolder(context);
  const program = path.join(await temporaryFolder(context), 'write.mjs');
  writeFileSync(
    program,
    `const { openPglite } = await import(${JSON.stringify(path.join(SOURCE, 'storage/pglite.ts'))});
    const { spawnSync } = await import('node:child_process');
    const database = await openPglite(${JSON.stringify(folder)});
    spawnSync('prlimit', ['--pid', String(process.pid), '--fsize=65536']);
    await database
      .query("CREATE TABLE large AS SELECT repeat('x', 500) FROM generate_series(1, 1000)")
      .catch((error) => console.log(error.code + ': ' + error.message));
    process.exit();`,
  );
  const { stdout } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  assert.match(
    stdout,
    /^unavailable: The database's folder cannot be written \(.*[Tt]oo large\): make room .* again\.\n$/,
  );
});

test('a folder that is there keeps its mode', async (context) => {
  const folder = await emptyStoreFolder(context);
  chmodSync(folder, 0o755);
  assert.equal((await migrate(folder)).code, 0);
  assert.equal(modeOf(folder), '755');
});

for (const [kind, damage, said] of [
  [
    'is a file',
    (place: string) => {
      rmSync(place, { recursive: true });
      writeFileSync(place, 'mine');
    },
    /is no folder, a database that tslrec made is expected; move it away, or give another folder\.\n$/,
  ],
  [
    'holds none',
    (place: string) => {
      rmSync(place, { recursive: true });
      mkdirSync(place);
      writeFileSync(path.join(place, 'notes.txt'), 'mine');
    },
    /is a folder without PG_VERSION, a database that tslrec made is expected; move it away, or .*\.\n$/,
  ],
  [
    'is of another version',
    (place: string) => writeFileSync(path.join(place, 'PG_VERSION'), '15\n'),
    /cannot be opened \(.+\): it is damaged or of another program or version; restore it .*\.\n$/,
  ],
  [
    'has lost its beginning',
    (place: string) => truncateSync(path.join(place, 'global', 'pg_control')),
    /cannot be opened \(.+\): it is damaged or of another program or version; restore it .*\.\n$/,
  ],
] as const) {
  test(`a database that ${kind} is named`, async (context) => {
    const folder = await emptyStoreFolder(context);
    const place = path.join(folder, 'database');
    damage(place);
    const before = contentOf(folder);
    for (const command of ['migrate', 'serve']) {
      const { code, stderr } = await tslrec(folder, [command, '--store', folder]);
      assert.ok(stderr.startsWith(`tslrec: ${place} `), stderr);
      assert.match(stderr, said);
      assert.equal(code, 1);
      if (!/opened/.test(String(said))) assert.deepEqual(contentOf(folder), before);
    }
  });
}

test('a limit on the size of files is told, of a new database and of an old one', {
  skip: without('prlimit'),
}, async (context) => {
  const [fresh, old] = [await temporaryFolder(context), await emptyStoreFolder(context)];
  for (const [folder, bytes] of [
    [fresh, 2 ** 20],
    [old, 2 ** 16],
  ] as const) {
    const { status, stderr } = spawnSync(
      'prlimit',
      [`--fsize=${bytes}`, process.execPath, MAIN, 'migrate', '--store', folder],
      { encoding: 'utf8' },
    );
    assert.match(stderr, /^tslrec: \S+ cannot be used: it would grow .* \(`ulimit -f` says .*\.\n$/);
    assert.equal(status, 1);
  }
  assert.deepEqual(readdirSync(fresh), ['lock']);
  assert.equal((await migrate(old)).code, 0);
});
