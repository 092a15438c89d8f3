// How long a server takes to answer while a recommender is trained: in a process beside it, as `npm start`
// does it, and in its own. Told is the time that nine answers in ten keep.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { runInOwnProcess } from '../../jobs/own-process.ts';
import { train } from '../../jobs/train.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../../src/interactions/sample.ts';
import { createLog } from '../../src/log.ts';
import { silentProgress } from '../../src/progress.ts';
import { type Service, startService } from '../../src/service.ts';
import { openStore } from '../../src/storage/store.ts';
import { round } from './processes.ts';

const SIZES = { ...DEFAULT_SAMPLE, users: 200 };
const PAUSE_MS = 5;

export async function benchmarkServing() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tslrec-serving-'));
  const log = createLog('silent');
  const data = path.join(folder, 'sample');
  const output = path.join(folder, 'model.onnx');
  writeSample(data, generateSample(SIZES));
  await (await openStore(folder, { migrate: true, log })).close();
  const service = await startService({ storeLocation: folder, port: 0, log });
  try {
    const beside = ['train', '--data', data, '--preset', 'quick', '--output', output];
    const options = { data, output, model: 'sasrec', preset: 'quick', seed: 1, onBadRow: 'stop' } as const;
    const rows = [
      { training: 'beside', ...(await answerTimes(service, () => runInOwnProcess(beside, 'ignore'))) },
      {
        training: 'in its own process',
        ...(await answerTimes(service, () => train({ ...options, progress: silentProgress }))),
      },
    ];
    console.table(rows);
    return { work: 'answers of /healthz while a recommender is trained', sizes: SIZES, rows };
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Asks again and again until the work is done. */
async function answerTimes({ url }: Service, work: () => Promise<unknown>) {
  let done = false;
  const ended = work().finally(() => {
    done = true;
  });
  const times: number[] = [];
  while (!done) {
    const asked = performance.now();
    await (await fetch(`${url}/healthz`)).text();
    times.push(performance.now() - asked);
    await after(PAUSE_MS);
  }
  await ended;
  const sorted = times.sort((a, b) => a - b);
  return { answers: times.length, milliseconds: round(sorted[Math.floor(0.9 * times.length)]) };
}
