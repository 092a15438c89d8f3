// `npm start`: the whole thing on a synthetic sample. Fills an empty store once, shows what warm starts are worth,
// then serves.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../src/config.ts';
import { printable } from '../src/errors.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../src/interactions/sample.ts';
import { createLog } from '../src/log.ts';
import { terminalProgress } from '../src/progress.ts';
import { CUT_OFFS } from '../src/recommenders/metrics.ts';
import { serveUntilSignal } from '../src/service.ts';
import { openStore } from '../src/storage/store.ts';
import { evaluate } from './evaluate.ts';
import { evaluationTable } from './evaluation-table.ts';
import { refresh } from './refresh.ts';

const config = readConfig(process.env);
const data = path.join(config.folder, 'sample');
const work = {
  data,
  preset: 'quick' as const,
  seed: 1,
  onBadRow: 'stop' as const,
  folder: config.folder,
  progress: terminalProgress(),
};

const comparison = {
  models: ['sasrec'],
  arms: ['random', 'text', 'tslrec'],
  modes: ['init', 'frozen'],
  seeds: 1,
  split: 'leave-one-out',
  cutOffs: CUT_OFFS,
} as const;

try {
  if (await isEmpty()) {
    console.log(`The store is empty: learning from a SYNTHETIC sample in ${data} (a few minutes, once).`);
    if (!existsSync(path.join(data, 'planted.json'))) writeSample(data, generateSample(DEFAULT_SAMPLE));
    const { version } = await refresh({ ...work, store: config.store, log: createLog('warn'), failpoint: () => {} });
    console.log(`Version ${version} is published. Is a warm start worth it? On the synthetic sample:`);
    console.log(evaluationTable(await evaluate({ ...work, ...comparison })));
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

async function isEmpty(): Promise<boolean> {
  const store = await openStore(config.store, { folder: config.folder, migrate: true, log: createLog('warn') });
  const version = await store.activeVersion();
  await store.close();
  return version === undefined;
}
