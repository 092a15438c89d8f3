// A process that publishes and is killed on the way: node publish-and-die.ts <store folder> <failpoint>
// The failpoint is also the run's key.
import { openStore } from '../../src/storage/store.ts';
import { turnedDraft } from './drafts.ts';
import { silentLog } from './stores.ts';

const [, , folder, failpoint] = process.argv;
const store = await openStore(folder, { log: silentLog });
const { runId } = await store.beginRun({ key: failpoint, command: 'refresh', options: {} });
await store.publish(turnedDraft(runId), (name) => {
  if (name === failpoint) process.kill(process.pid, 'SIGKILL');
});
