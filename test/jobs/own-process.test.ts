import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { runInOwnProcess } from '../../jobs/own-process.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../../src/interactions/sample.ts';
import { startService } from '../../src/service.ts';
import { emptyStoreFolder, silentLog, temporaryFolder } from '../support/stores.ts';

test('a server answers while its process has a recommender trained: nine questions in ten within 50 ms', async (context) => {
  const folder = await temporaryFolder(context);
  const data = path.join(folder, 'sample');
  writeSample(data, generateSample({ ...DEFAULT_SAMPLE, users: 200 }));
  const service = await startService({
    storeLocation: await emptyStoreFolder(context),
    port: 0,
    log: silentLog,
  });
  context.after(service.stop);

  const parameters = [
    'train',
    '--data',
    data,
    '--preset',
    'quick',
    '--output',
    path.join(folder, 'model.onnx'),
  ];
  let code: number | undefined;
  const ended = runInOwnProcess(parameters, 'ignore').then((exit) => {
    code = exit;
  });
  const times: number[] = [];
  while (code === undefined) {
    const asked = performance.now();
    await (await fetch(`${service.url}/healthz`)).text();
    times.push(performance.now() - asked);
    await after(5);
  }
  await ended;
  assert.equal(code, 0);
  // 4 ms and 390 questions on two cores that had other work too; with `train` called in this process 168 ms
  // and 18.
  const ms = times.sort((a, b) => a - b)[Math.floor(times.length * 0.9)];
  assert.ok(ms < 50, `${ms} ms, of ${times.length}`);
});
