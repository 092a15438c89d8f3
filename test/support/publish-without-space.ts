// A process that publishes and may write no file beyond a size: node publish-without-space.ts <store folder>
// <bytes> The limit falls when the index is about to be written, so that the database could be opened.
import { spawnSync } from 'node:child_process';
import { printable } from '../../src/errors.ts';
import { openStore } from '../../src/storage/store.ts';
import { turnedDraft } from './drafts.ts';
import { silentLog } from './stores.ts';

const [, , folder, bytes] = process.argv;
const store = await openStore(folder, { log: silentLog });
const { runId } = await store.beginRun({ key: bytes, command: 'refresh', options: {} });
try {
  await store.publish(turnedDraft(runId), (name) => {
    if (name === 'publish:before-index')
      spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:${bytes}`], { stdio: 'inherit' });
  });
} catch (error) {
  console.error(printable(error));
  process.exit(1);
}
process.exit(0);
