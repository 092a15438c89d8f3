// A process that publishes and is killed on the way: node publish-and-die.ts <store folder> <failpoint>
// [<version folder>]. Without a version folder it publishes a draft, and the failpoint is also the run's key.
import { openStore } from '../../src/storage/store.ts';
import { turnedDraft } from './drafts.ts';
import { silentLog } from './stores.ts';

const [, , folder, failpoint, versionFolder] = process.argv;
const store = await openStore(folder, { log: silentLog });
const die = (name: string) => {
  if (name === failpoint) process.kill(process.pid, 'SIGKILL');
};
if (versionFolder === undefined) {
  const { runId } = await store.beginRun({ key: failpoint, command: 'refresh', options: {} });
  await store.publish(turnedDraft(runId), die);
} else await store.publishFolder(versionFolder, die);
