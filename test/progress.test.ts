import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const MODULE = path.join(import.meta.dirname, '../src/progress.ts');

test('a process whose task failed midway can end', () => {
  const script = `import { stopBars, terminalProgress } from ${JSON.stringify(MODULE)};
    terminalProgress().start('a task', 10).advance(3);
    stopBars();`;
  const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 20_000,
    encoding: 'utf8',
  });
  assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
  assert.match(stderr, /a task/);
});
