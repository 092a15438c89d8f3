// `npm start`: the whole thing on a synthetic sample. Fills an empty store once, in a process of its own, then serves.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../src/config.ts';
import { printable } from '../src/errors.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../src/interactions/sample.ts';
import { createLog } from '../src/log.ts';
import { serveUntilSignal } from '../src/service.ts';
import { openStore } from '../src/storage/store.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const config = readConfig(process.env);
const data = path.join(config.folder, 'sample');
/** Nine interactions an item, as in many a catalogue: where everybody knows everything, words have little to add. */
const SPARSE_SAMPLE = { ...DEFAULT_SAMPLE, users: 500 };

try {
  if (await isEmpty()) {
    console.log(`The store is empty: learning from a SYNTHETIC sample in ${data} (a few minutes, once).`);
    if (!existsSync(path.join(data, 'planted.json'))) writeSample(data, generateSample(SPARSE_SAMPLE));
    await tslrec('refresh', '--data', data, '--preset', 'quick');
  }
  const service = await serveUntilSignal({
    storeLocation: config.store,
    folder: config.folder,
    port: config.port,
    host: config.host,
    log: createLog('warn'),
  });
  console.log(`tslrec answers on ${service.url}; try ${service.url}/items/S0001/neighbors?k=5`);
} catch (error) {
  console.error(printable(error));
  process.exitCode = 1;
}

/** The command line, which reads the same environment and says by itself what went wrong. */
async function tslrec(...parameters: string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...parameters], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) process.exit(code ?? 1);
}

async function isEmpty(): Promise<boolean> {
  const store = await openStore(config.store, { folder: config.folder, migrate: true, log: createLog('warn') });
  const version = await store.activeVersion();
  await store.close();
  return version === undefined;
}
