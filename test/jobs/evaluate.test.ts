// What an evaluation uses again, and what it must not: two data sets of the same sequences in one store. The
// most popular items need no training, so that a whole evaluation takes milliseconds.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type EvaluateOptions, evaluate } from '../../jobs/evaluate.ts';
import type { SplitName } from '../../src/interactions/dataset.ts';
import { silentProgress } from '../../src/progress.ts';
import { stageNames } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';

const USERS = 20;
const ITEMS = 15;
const LENGTH = 6;

/**
 * The same users and sequences, user u's interaction i at this time; items have no text. Returns the folder.
 */
function writeInteractions(folder: string, timeOf: (user: number, position: number) => number): string {
  const rows = Array.from({ length: USERS * LENGTH }, (_, row) => {
    const [user, position] = [Math.floor(row / LENGTH), row % LENGTH];
    return `u${user},i${(user + position ** 2) % ITEMS},${timeOf(user, position)}\n`;
  });
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'interactions.csv'), `user_id,item_id,timestamp\n${rows.join('')}`);
  return folder;
}

const evaluatePopular = (
  data: string,
  store: string,
  split: SplitName,
  over: Partial<EvaluateOptions> = {},
) =>
  evaluate({
    ...{
      data,
      folder: store,
      split,
      preset: 'quick',
      models: ['popular'],
      arms: ['random'],
      modes: ['init'],
    },
    ...{ seeds: 1, seed: 1, cutOffs: [10], onBadRow: 'stop', progress: silentProgress },
    ...over,
  });

test('sequences at other times are other work by the time split, not by leave-one-out', async (context) => {
  const folder = await temporaryFolder(context);
  const at = (name: string) => path.join(folder, name);
  const allAtOnce = writeInteractions(at('all-at-once'), (user, position) => 1000 * position + user);
  const oneByOne = writeInteractions(at('one-by-one'), (user, position) => 300 * user + 500 * position);

  await evaluatePopular(allAtOnce, at('shared'), 'time');
  const { users, rows } = await evaluatePopular(oneByOne, at('shared'), 'time');
  const alone = await evaluatePopular(oneByOne, at('alone'), 'time');
  assert.ok(users.test < USERS, `${users.test}`); // of those who come one by one, few are on both sides
  const { ownTargets } = alone;
  assert.deepEqual(users, { validation: 8, test: 6 });
  assert.deepEqual(users, { validation: ownTargets.validation.of, test: ownTargets.test.of });
  assert.deepEqual(rows, alone.rows);
  assert.equal(readdirSync(at('shared/work')).length, 2);

  for (const data of [allAtOnce, oneByOne]) await evaluatePopular(data, at('left-out'), 'leave-one-out');
  assert.equal(readdirSync(at('left-out/work')).length, 1);
});

test('the same evaluation is read; of another length or among candidates it is another', async (context) => {
  const folder = await temporaryFolder(context);
  const data = writeInteractions(path.join(folder, 'data'), (user, position) => 1000 * position + user);
  const store = path.join(folder, 'store');
  const kept = () => readdirSync(path.join(store, 'work')).filter((name) => name.startsWith('evaluate-'));
  const evaluated = (over: Partial<EvaluateOptions>) => evaluatePopular(data, store, 'leave-one-out', over);
  const first = await evaluated({ length: 5 });
  assert.deepEqual(await evaluated({ length: 5 }), first);
  assert.equal(kept().length, 1);
  const [validation, ofTest] = first.rows;
  assert.notEqual(validation['ndcg@10'], ofTest['ndcg@10']);
  assert.deepEqual(
    [first.summary[0].validation['ndcg@10'].mean, first.summary[0].test['ndcg@10'].mean],
    [validation['ndcg@10'], ofTest['ndcg@10']],
  );

  await evaluated({ length: 6 });
  const among = await evaluated({ length: 5, candidates: 3 });
  assert.equal(among.rows[0]['hr@10'], 1);
  assert.notEqual(first.rows[0]['hr@10'], 1);
  await evaluated({ length: 5, candidates: 4 });
  assert.equal(kept().length, 4);
});

test('an arm without text to start from is told before any other is learnt, each time', async (context) => {
  const folder = await temporaryFolder(context);
  const data = writeInteractions(path.join(folder, 'wordless'), (user, position) => 1000 * position + user);
  const store = path.join(folder, 'store');
  for (const arm of ['text', 'tf-idf', 'text'] as const) {
    await assert.rejects(
      evaluatePopular(data, store, 'leave-one-out', { models: ['sasrec'], arms: ['tslrec', arm] }),
      /^TslrecError: wordless has no text that two items share; leave "text" and "tf-idf" out of --arms\.$/,
    );
  }
  assert.deepEqual(stageNames(store), ['text-features']);
});
