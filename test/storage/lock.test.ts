// One process a folder: src/storage/lock.ts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { lockFolder } from '../../src/storage/lock.ts';
import { temporaryFolder } from '../support/stores.ts';

const LOCK_MODULE = path.join(import.meta.dirname, '../../src/storage/lock.ts');

async function childThatLocks(folder: string): Promise<ChildProcess> {
  const program = `
    const { lockFolder } = await import(${JSON.stringify(LOCK_MODULE)});
    lockFolder(${JSON.stringify(folder)});
    process.stdout.write('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('a second opener in the same process is refused until the first lets go', async (context) => {
  const folder = await temporaryFolder(context);
  const unlock = lockFolder(folder);
  assert.throws(() => lockFolder(folder), {
    code: 'conflict',
    message: new RegExp(`process ${process.pid}\\b`),
  });
  unlock();
  lockFolder(folder)();
});

test('a live owner keeps its lock and is named; a killed one loses it', async (context) => {
  const folder = await temporaryFolder(context);
  const child = await childThatLocks(folder);
  for (let attempt = 0; attempt < 3; attempt++) {
    assert.throws(() => lockFolder(folder), {
      code: 'conflict',
      message: new RegExp(`in use by process ${child.pid}\\. Stop it first`),
    });
  }
  await kill(child);
  lockFolder(folder)();
});

test('of ten processes that want a dead owner’s folder at once, one gets it', async (context) => {
  const folder = await temporaryFolder(context);
  await kill(await childThatLocks(folder));
  const program = `
    const { lockFolder } = await import(${JSON.stringify(LOCK_MODULE)});
    try {
      lockFolder(${JSON.stringify(folder)});
      process.stdout.write('1');
    } catch { process.stdout.write('0'); }
    process.stdin.resume();`;
  const children = Array.from({ length: 10 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const answers = await Promise.all(
    children.map(async (child) => String((await once(child.stdout, 'data'))[0])),
  );
  await Promise.all(children.map(kill));
  assert.equal(answers.sort().join(''), '0000000001');
});
