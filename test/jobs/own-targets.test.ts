// Users who are asked for an item that they have, where no training history holds it twice: counted and told
// wherever ranking figures are, and ranked where they are most of those asked. The most popular items need no
// training, and every item that is ranked at all is among the first N, so that HR@N tells the certain misses.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { evaluate } from '../../jobs/evaluate.ts';
import { compareStarts } from '../../jobs/stages/warm-starts.ts';
import type { TrainResult } from '../../jobs/train.ts';
import { notesOf } from '../../src/command-line/render/evaluation-table.ts';
import { warmStartReport } from '../../src/command-line/render/warm-start-report.ts';
import type { SplitName } from '../../src/interactions/dataset.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { silentProgress } from '../../src/progress.ts';
import { sasrecModel } from '../../src/recommenders/models.ts';
import { lastLine, tslrec } from '../support/command-line.ts';
import { profile } from '../support/planted.ts';
import { temporaryFolder } from '../support/stores.ts';

const USERS = 20;
const ITEMS = 25;
/** Either split gives the last position to the test and the one before to validation. */
const LENGTH = 10;
const TIMES = (user: number, position: number) => 1000 * position + user;

interface Planted {
  /** So many users are asked for an item that they have, in validation ... */
  readonly validation: number;
  /** ... and in the test. */
  readonly test: number;
  /** Whether one more training history holds those items twice. */
  readonly repeated?: true;
}

/** User u's items, oldest first; all of them different but the planted ones. */
function sequencesOf({ validation, test, repeated }: Planted): number[][] {
  return Array.from({ length: USERS }, (_, user) => {
    const items = Array.from({ length: LENGTH }, (_, position) => (user + position) % ITEMS);
    // From the last users on, so that the first one's training history is free to hold all items twice.
    if (user >= USERS - validation) items[LENGTH - 2] = items[1];
    if (user >= USERS - test) items[LENGTH - 1] = items[0];
    if (repeated && user === 0) items.unshift(...[...Array(ITEMS).keys(), ...Array(ITEMS).keys()]);
    return items;
  });
}

function writeData(folder: string, planted: Planted): string {
  const rows = sequencesOf(planted).flatMap((items, user) =>
    items.map((item, i) => `u${user},i${item},${TIMES(user, i + LENGTH - items.length)}\n`),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'interactions.csv'), `user_id,item_id,timestamp\n${rows.join('')}`);
  return folder;
}

const evaluatePopular = (folder: string, planted: Planted, split: SplitName, candidates?: number) =>
  evaluate({
    data: writeData(path.join(folder, 'shop'), planted),
    folder: path.join(folder, 'store'),
    ...{ split, candidates, preset: 'quick', models: ['popular'], arms: ['random'], modes: ['init'] },
    ...{ seeds: 1, seed: 1, cutOffs: [10, ITEMS], onBadRow: 'stop', progress: silentProgress },
  });

const CASES: readonly (readonly [string, Planted, { readonly ranked: boolean }])[] = [
  ['nobody', { validation: 0, test: 0 }, { ranked: false }],
  ['one user of the test', { validation: 0, test: 1 }, { ranked: false }],
  ['some', { validation: 4, test: 6 }, { ranked: false }],
  ['half of both', { validation: 10, test: 10 }, { ranked: false }],
  ['most of the test alone', { validation: 0, test: 11 }, { ranked: true }],
  ['most of validation alone', { validation: 11, test: 0 }, { ranked: true }],
  ['everybody', { validation: 20, test: 20 }, { ranked: true }],
];
for (const [who, planted, { ranked }] of CASES) {
  for (const split of ['leave-one-out', 'time'] as const) {
    const outcome = ranked ? 'it is ranked' : 'each is a certain miss';
    test(`${who} asked for an own item, ${split} split: ${outcome}`, async (context) => {
      const result = await evaluatePopular(await temporaryFolder(context), planted, split);
      assert.deepEqual(result.ownTargets, {
        validation: { users: planted.validation, of: USERS },
        test: { users: planted.test, of: USERS },
        ranked,
      });
      assert.equal(result.notRepeatable, ranked ? 0 : ITEMS);
      const hits = Object.fromEntries(result.rows.map((row) => [row.split, row[`hr@${ITEMS}`]]));
      const found = (misses: number) => (ranked ? 1 : 1 - misses / USERS);
      assert.deepEqual(hits, { validation: found(planted.validation), test: found(planted.test) });
      const [{ validation, test: ofTest }] = result.summary;
      const means = { validation: validation[`hr@${ITEMS}`].mean, test: ofTest[`hr@${ITEMS}`].mean };
      assert.deepEqual(means, hits);
      const counts = `${planted.test} of 20 users of the test and ${planted.validation} of 20 of validation`;
      assert.equal(
        notesOf(result)[1],
        ranked
          ? `${counts} are asked for an item that they have and that no training history holds twice, more ` +
              'than half of one of the two: what users have is ranked for them again.'
          : '25 of 25 items are in no training history twice: not ranked for users who have them; ' +
              `${counts} are asked for one that they have, a certain miss.`,
      );
    });
  }
}

test('what a training history holds twice is ranked, and counts for nobody', async (context) => {
  const planted = { validation: 11, test: 20, repeated: true } as const;
  const result = await evaluatePopular(await temporaryFolder(context), planted, 'leave-one-out');
  const none = { users: 0, of: USERS };
  assert.deepEqual(result.ownTargets, { validation: none, test: none, ranked: false });
  assert.deepEqual(
    result.rows.map((row) => row[`hr@${ITEMS}`]),
    [1, 1],
  );
  assert.doesNotMatch(notesOf(result).join('\n'), /asked for/);
});

test('among sampled candidates the right item is always ranked: only JSON tells', async (context) => {
  const planted = { validation: 4, test: 20 };
  const result = await evaluatePopular(await temporaryFolder(context), planted, 'leave-one-out', 3);
  assert.equal(result.ownTargets.test.users, 20);
  assert.ok(result.rows.every((row) => row[`hr@${ITEMS}`] === 1));
  assert.doesNotMatch(notesOf(result).join('\n'), /asked for/);
});

test('train tells them beside its figures', async (context) => {
  const folder = await temporaryFolder(context);
  writeData(path.join(folder, 'shop'), { validation: 2, test: 5 });
  const some = await tslrec(folder, ['train', '--data', 'shop', '--preset', 'quick', '--json']);
  assert.equal(some.code, 0, some.stderr);
  const { ownTargets, ...figures } = lastLine<TrainResult>(some);
  const [validation, ofTest] = [
    { users: 2, of: USERS },
    { users: 5, of: USERS },
  ];
  assert.deepEqual(ownTargets, { validation, test: ofTest, ranked: false });
  assert.deepEqual(
    [figures.validation['hr@20'], figures.test['hr@20']],
    [1 - 2 / USERS, 1 - 5 / USERS],
    'all items that are ranked for a user are among the first 20',
  );
  assert.ok(
    some.stdout
      .split('\n')
      .includes(
        'Items that are in no training history twice are not ranked for users who have them; 5 of 20 users ' +
          'of the test and 2 of 20 of validation are asked for one that they have, a certain miss.',
      ),
    some.stdout,
  );
});

test('refresh tells them under its table of warm starts and keeps them with the version', () => {
  const reached = { validationNdcg: 0.1, test: { 'ndcg@10': 0.1, 'hr@10': 0.2 }, epochs: 1 };
  const tableOf = (planted: Planted) => {
    const split = leaveOneOut(sequencesOf(planted).map((items) => Int32Array.from(items)));
    const backbone = sasrecModel(profile(), 8);
    const tried = compareStarts({ split, backbone }, [{ mode: 'init', ...reached }], reached);
    return { ownTargets: tried.ownTargets, lines: warmStartReport(tried).split('\n') };
  };
  const none = tableOf({ validation: 0, test: 0 });
  assert.equal(none.lines.at(-1), '* = the mode that validation chose; one seed.');
  const some = tableOf({ validation: 1, test: 2 });
  assert.match(
    some.lines.at(-1)!,
    / 2 of 20 users of the test and 1 of 20 of validation .* a certain miss\.$/,
  );
  assert.deepEqual(some.ownTargets.test, { users: 2, of: USERS });
  const most = tableOf({ validation: 1, test: 12 });
  assert.match(most.lines.at(-1)!, /^12 of 20 .*: what users have is ranked for them again\.$/);
});
