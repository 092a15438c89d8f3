// `npm test`: all test files, or those that are named (npm test -- test/storage/lock.test.ts), as many at a
// time as there are cores. At the end it tells what was skipped and why, and which files took longest.
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const ALL = 'test/**/*.test.ts';
/** Far above what any file takes on a busy machine: it ends what hangs. */
const FILE_TIMEOUT_MS = 20 * 60_000;
const SLOWEST = 5;

// The commands that test files start have one thread too; what one process has compiled the next ones find.
process.env.TSLREC_THREADS ??= '1';
enableCompileCache();
process.env.NODE_COMPILE_CACHE ??= path.dirname(getCompileCacheDir() ?? '');

const named = process.argv.slice(2);
const tests = run({
  globPatterns: named.length > 0 ? named : [ALL],
  concurrency: os.availableParallelism(),
  timeout: FILE_TIMEOUT_MS,
  execArgv: ['--import', path.join(import.meta.dirname, 'support/one-thread.ts')],
});

const skipped = new Map<string, string[]>();
const seconds: [file: string, seconds: number][] = [];
tests.on('test:pass', ({ name, skip }) => {
  if (skip === undefined) return;
  const reason = String(skip);
  skipped.set(reason, [...(skipped.get(reason) ?? []), name]);
});
tests.on('test:summary', ({ file, duration_ms, success }) => {
  if (file !== undefined) seconds.push([path.relative(process.cwd(), file), duration_ms / 1000]);
  else if (!success) process.exitCode = 1;
});
tests.compose(spec).on('end', tellRest).pipe(process.stdout);

function tellRest(): void {
  const slowest = seconds.sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
  console.log(`\nSlowest: ${slowest.map(([file, took]) => `${file} ${took.toFixed(0)} s`).join(', ')}`);
  for (const [reason, names] of skipped)
    console.log(`SKIPPED (${names.length}): ${reason}: ${names.join('; ')}`);
}
