// A thread beside the folder's code, which may hold its own thread for ever: ends the process when a call
// reaches a limit, or when the process that asked is gone.
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { type Limits, REACHED } from './requests.ts';

const EVERY_MS = 20;
/** A process that computes nothing, or whose machine gives it nothing, ends after so many times its limit. */
const PATIENCE = 20;

const asker = process.ppid;
let call: { limits: Limits; cpu: number; at: number } | undefined;

parentPort!.on('message', (limits: Limits | null) => {
  call = limits === null ? undefined : { limits, cpu: cpuSeconds(), at: seconds() };
});

setInterval(() => {
  if (process.ppid !== asker) kill();
  if (call === undefined) return;
  const { limits, cpu, at } = call;
  const isLate = cpuSeconds() - cpu > limits.cpuSeconds || seconds() - at > PATIENCE * limits.cpuSeconds;
  if (isLate) end(REACHED.time);
  if (process.memoryUsage.rss() > limits.bytes) end(REACHED.memory);
}, EVERY_MS);

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function seconds(): number {
  return performance.now() / 1e3;
}

function end(reason: string): void {
  try {
    writeSync(2, `\n${reason}\n`);
  } finally {
    kill(); // nobody may be there to read the reason
  }
}

/** What is under way in native code would hold up an orderly exit. */
function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}
