// Users for whom no more items are ranked than a cut-off has: whoever ranks, they are hits. They are counted
// and told beside the figures, and evaluate ends before it learns where they are most of the test.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { evaluate } from '../../jobs/evaluate.ts';
import type { TrainResult } from '../../jobs/train.ts';
import { notesOf } from '../../src/command-line/render/evaluation-table.ts';
import { warmStartReport } from '../../src/command-line/render/warm-start-report.ts';
import { silentProgress } from '../../src/progress.ts';
import { lastLine, tslrec } from '../support/command-line.ts';
import { refused } from '../support/errors.ts';
import { temporaryFolder } from '../support/stores.ts';

const USERS = 20;
const ITEMS = 20;
const SHORT = 5;

interface Planted {
  /** So many users have so long a history before the test ... */
  readonly long: number;
  readonly length: number;
  /** ... and so many of them are asked for what they have. */
  readonly own?: number;
  /** Whether a training history holds every item twice, so that all are ranked for everybody. */
  readonly repeated?: true;
}

function sequencesOf({ long, length, own = 0, repeated }: Planted): number[][] {
  return Array.from({ length: USERS }, (_, user) => {
    const before = user < long ? length : SHORT;
    const items = Array.from({ length: before + 1 }, (_, i) => (user + i) % ITEMS);
    if (user < own) items[before] = items[0];
    if (repeated && user === USERS - 1) items.unshift(...[...Array(2 * ITEMS).keys()].map((i) => i % ITEMS));
    return items;
  });
}

async function setUp(context: TestContext, planted: Planted) {
  const folder = await temporaryFolder(context);
  const rows = sequencesOf(planted).flatMap((items, user) =>
    items.map((item, i) => `u${user},i${item},${1000 * i + user}\n`),
  );
  mkdirSync(path.join(folder, 'shop'));
  writeFileSync(path.join(folder, 'shop/interactions.csv'), `user_id,item_id,timestamp\n${rows.join('')}`);
  const evaluatePopular = (candidates?: number) =>
    evaluate({
      ...{ data: path.join(folder, 'shop'), folder: path.join(folder, 'store'), candidates },
      ...{ split: 'leave-one-out', preset: 'quick', models: ['popular'], arms: ['random'], modes: ['init'] },
      ...{ seeds: 1, seed: 1, cutOffs: [5, 10, ITEMS], onBadRow: 'stop', progress: silentProgress },
    });
  return { folder, evaluatePopular };
}

const ofAll = (users: number) => ({ users, of: USERS });

/** Who has them, and how many users are certain hits at 10 in validation and in the test. */
const CASES: readonly (readonly [string, Planted, readonly [number, number]])[] = [
  ['nobody', { long: 0, length: 19 }, [0, 0]],
  ['one user, all items but one', { long: 1, length: 19 }, [1, 1]],
  ['half of the users, all items but one', { long: 10, length: 19 }, [10, 10]],
  ['users with as many items left as the cut-off in the test alone', { long: 4, length: 10 }, [0, 4]],
  ['users with one more left', { long: 4, length: 9 }, [0, 0]],
  ['users who are asked for what they have: misses', { long: 5, length: 15, own: 2 }, [5, 3]],
  ['nobody, where items are bought again', { long: 20, length: 19, repeated: true }, [0, 0]],
];
for (const [who, planted, [validation, ofTest]] of CASES) {
  test(`certain hits: ${who}`, async (context) => {
    const { evaluatePopular } = await setUp(context, planted);
    const result = await evaluatePopular();
    assert.deepEqual(result.certainHits[1], {
      cutOff: 10,
      ...{ validation: ofAll(validation), test: ofAll(ofTest) },
    });
    const own = planted.own ?? 0;
    assert.deepEqual(result.certainHits[2], {
      cutOff: ITEMS,
      ...{ validation: ofAll(USERS), test: ofAll(USERS - own) },
    });
    const note = notesOf(result).find((line) => line.startsWith('Asked among no more items'));
    const at10 = `at 10 ${ofTest} of 20 users of the test and ${validation} of 20 of validation`;
    assert.equal(note?.includes(at10), validation + ofTest > 0);
  });
}

for (const [what, planted] of Object.entries({
  'more than half of the users': { long: 11, length: 19 },
  everybody: { long: USERS, length: 10 },
})) {
  test(`evaluate ends before it learns where they are most of the test: ${what}`, async (context) => {
    const { folder, evaluatePopular } = await setUp(context, planted);
    const expected =
      /^\d+ of 20 users of the test are asked among 10 items or fewer, .*; give data with more /;
    await assert.rejects(evaluatePopular(), refused(expected, `${planted.long} of 20 users`));
    assert.deepEqual(readdirSync(folder), ['shop']);
  });
}

test('few sampled candidates are what somebody asked for: they are counted and told', async (context) => {
  const { evaluatePopular } = await setUp(context, { long: 0, length: SHORT });
  const result = await evaluatePopular(4);
  assert.deepEqual(
    result.certainHits.map((hits) => hits.test.users),
    [USERS, USERS, USERS],
  );
  assert.deepEqual(
    result.rows.map((row) => row['hr@5']),
    [1, 1],
  );
  assert.match(notesOf(result).join('\n'), /a certain hit: at 5 20 of 20 users of the test/);
  const more = await evaluatePopular(5);
  assert.deepEqual(
    more.certainHits.map((hits) => hits.test.users),
    [0, USERS, USERS],
  );
});

test('train tells them beside its figures', async (context) => {
  const { folder } = await setUp(context, { long: 3, length: 12 });
  const exit = await tslrec(folder, ['train', '--data', 'shop', '--preset', 'quick', '--json']);
  assert.equal(exit.code, 0, exit.stderr);
  assert.deepEqual(lastLine<TrainResult>(exit).certainHits[1].test, ofAll(3));
  assert.match(
    exit.stdout,
    /^Asked among no more items than .* at 10 3 of 20 users of the test and 3 of 20/m,
  );
});

test('refresh tells them under its table of warm starts', () => {
  const nobody = { validation: ofAll(0), test: ofAll(0) };
  const tableOf = (users: number) =>
    warmStartReport({
      ...{ modes: [], best: 'init', ownTargets: { ...nobody, ranked: false } },
      certainHits: [{ cutOff: 10, validation: ofAll(0), test: ofAll(users) }],
    });
  assert.match(tableOf(12), /a certain hit: at 10 12 of 20 users of the test and 0 of 20 of validation\.$/);
  assert.doesNotMatch(tableOf(0), /certain hit/);
});
