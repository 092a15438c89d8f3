import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type StageContext, stage } from '../../jobs/stage.ts';
import { silentProgress } from '../../src/progress.ts';
import { temporaryFolder } from '../support/stores.ts';

test("a stage's checkpoint stays until its file is in place: what comes after the training may fail", async (context) => {
  const folder = await temporaryFolder(context);
  const work: StageContext = { folder, progress: silentProgress, seed: 1, onStage: async () => {} };
  const rank = (found: boolean[], rankingFails: boolean) =>
    stage(work, 'rank', async (checkpoint) => {
      found.push(existsSync(checkpoint));
      writeFileSync(checkpoint, 'a finished training');
      if (rankingFails) throw new Error('killed while ranking');
      return { tensors: new Map(), facts: { ndcg: 0.5 } };
    });
  const found: boolean[] = [];
  await assert.rejects(rank(found, true), /killed while ranking/);
  assert.deepEqual((await rank(found, false)).facts, { ndcg: 0.5 });
  assert.deepEqual(found, [false, true]);
  assert.deepEqual(readdirSync(folder), ['rank.safetensors']);
  assert.deepEqual((await rank(found, true)).facts, { ndcg: 0.5 }); // read, not computed
});
