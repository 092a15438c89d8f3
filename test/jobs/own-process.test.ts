import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { runInOwnProcess } from '../../jobs/own-process.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../../src/interactions/sample.ts';
import { emptyStoreFolder, temporaryFolder } from '../support/stores.ts';

test('a job that kills itself leaves this process alive, and gives its exit code', async (context) => {
  const folder = await temporaryFolder(context);
  const data = path.join(folder, 'sample');
  writeSample(data, generateSample({ ...DEFAULT_SAMPLE, users: 20, items: 20, categories: 2 }));
  const refresh = ['refresh', '--data', data, '--store', await emptyStoreFolder(context)];

  process.env.TSLREC_FAILPOINT = 'after:ingest';
  context.after(() => delete process.env.TSLREC_FAILPOINT);
  assert.equal(await runInOwnProcess(refresh, 'ignore'), 1);
  assert.equal(await runInOwnProcess(['refresh', '--data', folder], 'ignore'), 1);
  assert.equal(await runInOwnProcess(['refresh', '--help'], 'ignore'), 0);
});
