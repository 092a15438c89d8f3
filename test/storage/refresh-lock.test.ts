// Two refreshes of one store: the second ends well and says which runs; who loses its lock publishes nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { AlreadyRunning, RefreshResult } from '../../jobs/refresh.ts';
import { lockFolder } from '../../src/storage/lock.ts';
import { openPostgres } from '../../src/storage/postgres.ts';
import { openStore } from '../../src/storage/store.ts';
import { lastLine, startTslrec, tslrec } from '../support/command-line.ts';
import {
  emptyStoreFolder,
  silentLog,
  temporaryFolder,
  temporaryPostgresDatabase,
  withoutPostgres,
} from '../support/stores.ts';

const SAMPLE = ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2'];
const refresh = (store: string, seed = '1') => [
  ...['refresh', '--data', 'sample', '--store', store, '--preset', 'quick', '--seed', seed, '--json'],
];

/** A refresh that has begun, and stands still until it is ended. */
async function begunRefresh(folder: string, store: string, begun: () => Promise<boolean>) {
  const child = startTslrec(folder, refresh(store));
  child.stdout.resume();
  child.stderr.resume();
  const closed = once(child, 'close');
  while (!(await begun())) {
    assert.equal(child.exitCode, null, 'it ended before it had begun');
    await setTimeout(50);
  }
  child.kill('SIGSTOP');
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    child.kill('SIGCONT');
    assert.deepEqual(await closed, [null, signal]);
  };
  return { pid: child.pid, end };
}

test('a second refresh on Postgres', { skip: withoutPostgres }, async (context) => {
  const url = await temporaryPostgresDatabase(context);
  const folder = await temporaryFolder(context);
  await tslrec(folder, SAMPLE);
  const runs = async () => {
    const store = await openStore(url, { folder, log: silentLog });
    return store.listRuns(9).finally(store.close);
  };
  await (await openStore(url, { folder, migrate: true, log: silentLog })).close();
  const first = await begunRefresh(folder, url, async () => (await runs()).length > 0);
  const [{ runId, runningSince }] = await runs();

  for (const seed of ['1', '2']) {
    await context.test(`of seed ${seed} ends with 0 and names the one that runs`, async () => {
      const second = await tslrec(folder, refresh(url, seed));
      assert.equal(second.code, 0, second.stderr);
      const [sentence] = second.stdout.split('\n');
      assert.match(
        sentence,
        new RegExp(
          `^Another refresh of this store is running \\(run ${runId}, since ` +
            `\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z, in process ${first.pid} on ${hostname()}\\); this one has ` +
            'done nothing\\.$',
        ),
      );
      const { alreadyRunning, run } = lastLine<AlreadyRunning>(second);
      assert.equal(alreadyRunning, true);
      assert.deepEqual([run?.runId, run?.processId, run?.host], [runId, first.pid, hostname()]);
      assert.deepEqual(
        (await runs()).map((each) => [each.runId, each.status]),
        [[runId, 'running']],
      );
    });
  }

  await context.test('goes on with the run of one whose process has been ended', async () => {
    await first.end('SIGTERM');
    const resumed = async () => (await runs())[0].runningSince! > runningSince!;
    await (await begunRefresh(folder, url, resumed)).end('SIGKILL');
    assert.deepEqual(
      (await runs()).map((run) => run.runId),
      [runId],
    );
  });
});

test('a second refresh in one folder', async (context) => {
  const store = await emptyStoreFolder(context);
  const folder = await temporaryFolder(context);
  await tslrec(folder, SAMPLE);
  const owner = path.join(store, 'work', 'lock-owner');
  const first = await begunRefresh(
    folder,
    store,
    async () => existsSync(owner) && readFileSync(owner, 'utf8').includes('runId'),
  );

  await context.test('ends with 0 and names the one that runs', async () => {
    const second = await tslrec(folder, refresh(store, '2'));
    assert.deepEqual([second.code, second.stderr], [0, '']);
    const { alreadyRunning, run } = lastLine<AlreadyRunning>(second);
    assert.deepEqual([alreadyRunning, run?.processId, run?.host], [true, first.pid, hostname()]);
    assert.ok(Math.abs(Date.parse(String(run?.since)) - Date.now()) < 5 * 60_000);
    assert.ok(
      second.stdout.startsWith(
        `Another refresh of this store is running (run ${run?.runId}, since ${run?.since}, in process ` +
          `${first.pid} on ${hostname()}); this one has done nothing.\n`,
      ),
      second.stdout,
    );
  });

  await context.test('says which run it goes on with when the first was killed', async () => {
    const killed = readFileSync(owner, 'utf8');
    await first.end('SIGKILL');
    const third = await begunRefresh(folder, store, async () => {
      const told = readFileSync(owner, 'utf8');
      return told !== killed && told.includes('runId');
    });
    assert.equal(JSON.parse(readFileSync(owner, 'utf8')).run.runId, JSON.parse(killed).run.runId);
    await third.end('SIGKILL');
  });
});

test('a refresh of a folder in which another has just begun ends with 0', async (context) => {
  const folder = await emptyStoreFolder(context);
  await tslrec(folder, SAMPLE);
  context.after(lockFolder(path.join(folder, 'work'), 'refresh'));
  const { code, stdout } = await tslrec(folder, refresh(folder));
  assert.equal(code, 0);
  assert.match(stdout, /^Another refresh of this store is running \(it has just begun\); this one has done/);
});

test('a refresh of a folder that is served: the server publishes what it has learnt', async (context) => {
  const store = await emptyStoreFolder(context);
  const folder = await temporaryFolder(context);
  await tslrec(folder, SAMPLE);
  assert.equal((await tslrec(folder, refresh(store))).code, 0);
  const server = startTslrec(folder, ['serve', '--store', store], { PORT: '0' });
  server.stderr.resume();
  const closed = once(server, 'close');
  context.after(() => server.kill('SIGKILL'));
  const [announcement] = await once(server.stdout, 'data');
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(announcement))?.[0];
  const versions = async (): Promise<{ id: string; active: boolean }[]> => {
    const { versions } = JSON.parse(await (await fetch(`${url}/versions`)).text());
    return versions;
  };
  const [before] = await versions();

  await context.test('a half-written draft is none', async () => {
    const draft = path.join(store, 'drafts', '20260101-000000-000-0000.1.tmp');
    mkdirSync(draft, { recursive: true });
    writeFileSync(path.join(draft, 'version.json'), '{}');
    await setTimeout(1_500);
    assert.equal((await versions()).length, 1);
    assert.ok(existsSync(draft));
  });

  await context.test('one that is damaged is refused, and what is served stays', async () => {
    const draft = path.join(store, 'drafts', '99990101-000000-000-0001');
    mkdirSync(draft, { recursive: true });
    writeFileSync(path.join(draft, 'version.json'), '{}');
    while (existsSync(draft)) await setTimeout(50);
    assert.deepEqual(await versions(), [before]);
    const told = JSON.parse(readFileSync(`${draft}.outcome.json`, 'utf8'));
    assert.match(told.error, /version\.json: got another content than /);
  });

  await context.test('one of an earlier run than what is served is none', async () => {
    const draft = path.join(store, 'drafts', '20260101-000000-000-0002');
    const exported = path.join(folder, 'exported');
    cpSync(path.join(store, 'encoders'), exported, { recursive: true });
    cpSync(exported, draft, { recursive: true });
    while (existsSync(draft)) await setTimeout(50);
    const told = JSON.parse(readFileSync(`${draft}.outcome.json`, 'utf8'));
    assert.match(
      told.error,
      new RegExp(`^Version ${before.id}, which is of a later run, was published mean`),
    );
  });

  await context.test('a whole one is what readers then get', async () => {
    const { code, stdout, stderr } = await tslrec(folder, refresh(store, '2'));
    assert.equal(code, 0, stderr);
    const { version } = lastLine<RefreshResult>({ code, stdout, stderr, signal: null });
    const [newest, ...others] = await versions();
    assert.deepEqual([newest.id, newest.active], [version, true]);
    assert.deepEqual(
      others.map(({ id }) => id),
      [before.id],
    );
    const answer = await fetch(`${url}/embeddings/S0001?version=${version}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(readdirSync(path.join(store, 'runs')), []);
  });

  server.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
});

test('a lock on Postgres', { skip: withoutPostgres }, async (context) => {
  const url = await temporaryPostgresDatabase(context);
  const [ours, theirs] = [await openPostgres(url), await openPostgres(url)];
  context.after(() => Promise.all([ours.close(), theirs.close()]));
  await ours.query('CREATE TABLE notes (text text)');
  const write = () => ours.transaction((query) => query("INSERT INTO notes VALUES ('written')"));
  const written = async () => (await theirs.query('SELECT text FROM notes')).length;
  /** As a restart of the server does, or a router that forgets. */
  const cutLock = () =>
    theirs.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
       WHERE locktype = 'advisory'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
  const lock = await ours.tryLock('refresh');
  assert.ok(lock);

  await context.test('is had by one', async () => {
    assert.equal(await theirs.tryLock('refresh'), undefined);
    assert.ok(await theirs.tryLock('another').then((other) => other?.release().then(() => true)));
    await lock.check();
  });

  await context.test('that was lost is taken again where it is free', async () => {
    await cutLock();
    await write();
    assert.equal(await written(), 1);
    assert.equal(await theirs.tryLock('refresh'), undefined);
  });

  await context.test('that was lost to another process commits nothing', async () => {
    await cutLock();
    const taken = await theirs.tryLock('refresh');
    assert.ok(taken);
    await assert.rejects(lock.check(), { code: 'conflict', message: /publishes nothing; run it again/ });
    await assert.rejects(write(), { code: 'conflict' });
    assert.equal(await written(), 1);
    await taken.release();
  });

  await context.test('that was let go is free', async () => {
    await lock.release();
    const taken = await theirs.tryLock('refresh');
    assert.ok(taken);
    await write();
    assert.equal(await written(), 2);
  });
});
