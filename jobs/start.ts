// `npm start`: the whole thing on a synthetic sample. Fills an empty store once, in a process of its own,
// then serves.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Config, readConfig } from '../src/config.ts';
import { printable } from '../src/errors.ts';
import { DEFAULT_SAMPLE } from '../src/interactions/sample.ts';
import { createLog } from '../src/log.ts';
import { serveUntilSignal } from '../src/service.ts';
import { openStore } from '../src/storage/store.ts';
import { writeNewSample } from './generate-sample.ts';
import { runInOwnProcess } from './own-process.ts';

/**
 * Nine interactions an item, as in many a catalogue: where everybody knows everything, words have little to
 * add.
 */
const SPARSE_SAMPLE = { ...DEFAULT_SAMPLE, users: 500 };

try {
  await start(readConfig(process.env));
} catch (error) {
  console.error(printable(error));
  process.exitCode = 1;
}

async function start(config: Config): Promise<void> {
  if (await isEmpty(config)) {
    const data = path.join(config.folder, 'sample');
    console.log(`The store is empty: learning from a SYNTHETIC sample in ${data} (a few minutes, once).`);
    if (!existsSync(path.join(data, 'planted.json'))) await writeNewSample(data, SPARSE_SAMPLE);
    const code = await runInOwnProcess(['refresh', '--data', data, '--preset', 'quick']);
    if (code !== 0) process.exit(code); // it has said why
  }
  const { store, folder, schema, port, host } = config;
  const log = createLog('warn');
  const service = await serveUntilSignal({ storeLocation: store, folder, schema, port, host, log });
  console.log(`tslrec answers on ${service.url}; try ${service.url}/items/S0001/neighbors?k=5`);
}

async function isEmpty({ store: location, folder, schema }: Config): Promise<boolean> {
  const store = await openStore(location, { folder, schema, migrate: true, log: createLog('warn') });
  const version = await store.activeVersion();
  await store.close();
  return version === undefined;
}
