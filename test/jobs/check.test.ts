// tslrec check: what it counts, what it draws, what it warns of, and what it leaves beside the data.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type CheckResult, check } from '../../jobs/check.ts';
import { histogram } from '../../src/command-line/render/histogram.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../../src/interactions/sample.ts';
import { lastLine, tslrec } from '../support/command-line.ts';
import { folderOf, lines } from '../support/folders.ts';

// u1 has a b a c, u2 a b, u3 c: seven interactions of three users with three of four items.
const ITEMS = lines(
  '{"item_id":"a","title":"Tent"}',
  '{"item_id":"b","title":"Tent"}',
  '{"item_id":"c","attributes":{"brand":"North"}}',
  '{"item_id":"d"}',
);
const DAY = 86_400;
const rows = ['u1,a,1', 'u1,b,2', 'u1,a,3', 'u1,c,4', 'u2,a,2', 'u2,b,2', 'u3,c,9'].map((row) =>
  row.replace(/\d+$/, (day) => String(1_700_000_000 + Number(day) * DAY)),
);
const SMALL = {
  'items.jsonl': ITEMS,
  'interactions.csv': lines('user_id,item_id,timestamp', ...rows, rows[0]),
};

test('check prints what is known by hand, and draws it', async () => {
  const folder = folderOf(SMALL);
  const exit = await tslrec(folder, ['check', '--data', '.', '--json']);
  const { code, stdout, stderr } = exit;
  assert.deepEqual([code, stderr], [0, '']);
  const expected = [
    'Rows that repeat an earlier one, left out: 1.',
    'layout        tslrec',
    'users         3, 1 to 4, median 2, mean 2.3 interactions each',
    'items         4, 0 to 3, median 2, mean 1.8 interactions each',
    '              3 have text, 2 of them the same as another',
    '              1 have no interactions',
    'interactions  7, 58 % of all pairs',
    '              1 with an item that the user has had before',
    'time          2023-11-15 to 2023-11-23',
    'asked about   1 users by leave-one-out, 0 of them for an item that they have',
    '              nobody by the time split',
    '',
    'Users by their interactions',
    `                1  ${'█'.repeat(44)} 1`,
    `                2  ${'█'.repeat(44)} 1`,
    `           3 to 4  ${'█'.repeat(44)} 1`,
    '',
    'Items by their interactions',
    `                0  ${'█'.repeat(22)} 1`,
    '                1   0',
    `                2  ${'█'.repeat(44)} 2`,
    `           3 to 4  ${'█'.repeat(22)} 1`,
  ];
  assert.deepEqual(stdout.split('\n').slice(0, expected.length), expected);
  const printed = stdout.trimEnd().split('\n').slice(0, -1);
  assert.deepEqual(
    printed.filter((line) => line.length > 80),
    [],
  );
  const result = lastLine<CheckResult>(exit);
  const found = printed.slice(printed.indexOf('What looks wrong') + 1);
  assert.equal(found.map((line) => line.slice(2)).join(' '), result.warnings.join(' '));
  assert.deepEqual([result.users, result.items, result.interactions, result.repeats], [3, 4, 7, 1]);
  assert.deepEqual(result.historyLengths.bins, [0, 1, 1, 1]);
  assert.deepEqual([result.historyLengths.ofMost, result.occurringWithoutText], [1, 0]);
  assert.deepEqual([result.times.tiedSteps, result.times.steps], [1, 4]);
});

test('the median of an even number of users lies between the two in the middle', async () => {
  const folder = folderOf({
    'interactions.csv': lines(
      'user_id,item_id',
      'u1,a',
      'u1,b',
      'u1,c',
      'u1,d',
      'u2,a',
      'u3,b',
      'u4,a',
      'u4,b',
    ),
  });
  const { historyLengths } = await check({ data: folder, folder, onBadRow: 'stop' });
  assert.equal(historyLengths.median, 1.5); // of 1, 1, 2, 4
});

/** Twenty users of four interactions each with twenty items of different text, in order of time. */
const user = (u: number) => `u${u}`;
const item = (i: number) => `i${i % 20}`;
const good = (change: (row: { user: string; item: string; time: number }, n: number) => void = () => {}) => {
  const events = Array.from({ length: 80 }, (_, n) => ({
    user: user(n % 20),
    item: item(n + 7 * Math.floor(n / 20)),
    time: 1_700_000_000 + 3 * n * DAY,
  }));
  events.forEach(change);
  return lines('user_id,item_id,timestamp', ...events.map((event) => Object.values(event).join(',')));
};
const texts = (title: (i: number) => string | undefined) =>
  lines(...Array.from({ length: 20 }, (_, i) => JSON.stringify({ item_id: item(i), title: title(i) })));
const TITLES = texts((i) => `Tent ${i}`);

/** Items are 10, 11, ...; their interactions have 10.0, 11.0, ..., as pandas makes of a column with gaps. */
const NUMBERS = {
  'things.csv': lines('sku,title', ...Array.from({ length: 20 }, (_, i) => `1${i},Tent ${i}`)),
  'clicks.csv': good((row) => {
    row.item = `${row.item.replace('i', '1')}.0`;
  }).replace('item_id', 'sku'),
  'tslrec.json': '{"user-column":"user_id","item-column":"sku"}',
};

const warned: [what: string, files: Record<string, string>, warning: RegExp | undefined][] = [
  ['nothing', { 'items.jsonl': TITLES, 'interactions.csv': good() }, undefined],
  ['no text', { 'interactions.csv': good() }, /^No item has text: .*; give items a title or attributes\.$/],
  [
    'little text',
    { 'items.jsonl': texts((i) => (i < 5 ? `Tent ${i}` : undefined)), 'interactions.csv': good() },
    /^15 of 20 items with interactions have no text;/,
  ],
  [
    'one text',
    { 'items.jsonl': texts(() => 'Tent'), 'interactions.csv': good() },
    /^20 of 20 items have the text/,
  ],
  [
    'no interactions of most items',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        row.item = item(n % 6);
      }),
    },
    /^14 of 20 items have no interactions: /,
  ],
  [
    'short histories',
    {
      'items.jsonl': TITLES,
      'interactions.csv':
        good((row, n) => {
          if (n >= 8) row.user = `once${n}`;
        }) + lines('u0,i1,1800000000', 'u0,i2,1800000001'),
    },
    /users have fewer than three interactions and are not asked about; see that the user is the right column/,
  ],
  [
    'nobody to ask',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        row.user = `once${n}`;
      }),
    },
    /^No refresh can learn from this: /,
  ],
  [
    'repeats',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row) => {
        row.item = item(Number(row.user.slice(1)));
      }),
    },
    /^75 % of all interactions are with an item that the user has had before; /,
  ],
  [
    'the time before 1970',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row) => {
        row.time -= 1_800_000_000;
      }),
    },
    /^Times go from 1966 to 1967: before 1970/,
  ],
  [
    'ids of nothing',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        if (n >= 76) row.user = ['NULL', 'nan', 'None', '\\N'][n - 76];
      }),
    },
    /^There are the ids "NULL", "None", "\\\\N", "nan": such a user or item is all rows that have none; /,
  ],
  [
    'digits of dates',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        row.time = 20_240_101 + (n % 28);
      }),
    },
    /no dates: use the leave-one-out split\. Digits such as 20240531 .*: write 2024-05-31T18:00:00Z\.$/,
  ],
  [
    'positions',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        row.time = n;
      }),
    },
    /^Times go from 0 to 79, which are positions/,
  ],
  [
    'one time',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row) => {
        row.time = 1_700_000_000;
      }),
    },
    /^All times are the same: /,
  ],
  [
    'no time',
    { 'items.jsonl': TITLES, 'interactions.csv': good().replaceAll(/,[^,\n]*\n/g, '\n') },
    /^Interactions have no time: /,
  ],
  [
    'ties',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        row.time = 1_700_000_000 + Math.floor(n / 60);
      }),
    },
    /^67 % of the steps .* take no time/,
  ],
  [
    'the future',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row) => {
        row.time *= 3;
      }),
    },
    /^Times go from 21\d\d to 21\d\d: before 1970, or more than a year/,
  ],
  [
    'one user for many',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        if (n >= 60) row.user = 'u0';
      }),
    },
    /^One user has 29 % of all interactions/,
  ],
  [
    'one item for many',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        if (n >= 30) row.item = 'i0';
      }),
    },
    /^One item has 6\d % of all interactions/,
  ],
  [
    'capital letters',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        if (n >= 60) row.user = row.user.toUpperCase();
      }),
    },
    /^20 ids are those of others but for capital letters,/,
  ],
  [
    'blanks in ids',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        if (n >= 60) row.user = row.user.replace('u', 'u ');
      }),
    },
    /^20 ids are those of others but for capital letters, blanks/,
  ],
  [
    'lost zeros',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        row.user = row.user.replace('u', n < 60 ? '00' : '');
      }),
    },
    /^20 ids are those of others .* leading zeros/,
  ],
  [
    'items of two tables under different ids',
    NUMBERS,
    /^20 of 20 items with interactions have no text; see that their ids are those of the items' table/,
  ],
  [
    'whole numbers that became others',
    NUMBERS,
    /^20 ids are those of others .* a \.0 at the end; if they mean the same, write them alike/,
  ],
  [
    'histories that were cut',
    {
      'items.jsonl': TITLES,
      'interactions.csv':
        good() +
        lines(
          ...Array.from({ length: 32 }, (_, n) => `${user(n % 4)},${item(5 * n)},${1_720_800_000 + n * DAY}`),
        ),
    },
    /^4 of 20 users have exactly 12 interactions and nobody has more/,
  ],
  [
    'one item in a hundred for nearly all',
    {
      'items.jsonl':
        TITLES +
        lines(...Array.from({ length: 180 }, (_, i) => `{"item_id":"more${i}","title":"More ${i}"}`)),
      'interactions.csv': good((row, n) => {
        if (n % 20 > 2) row.item = item(n % 2);
      }),
    },
    /^8\d % of all interactions are with one in a hundred items/,
  ],
  [
    'a time split that asks nobody',
    {
      'items.jsonl': TITLES,
      'interactions.csv': good((row, n) => {
        row.time = 1_700_000_000 + ((n % 20) * 4 + Math.floor(n / 20)) * DAY;
      }),
    },
    /^The split by time cannot be used: .* has nobody to ask .*; use the leave-one-out split/,
  ],
  [
    'rows that repeat',
    { 'items.jsonl': TITLES, 'interactions.csv': good() + good().split('\n').slice(1, 50).join('\n') },
    /^49 of 129 rows repeat another one/,
  ],
];
for (const [what, files, warning] of warned) {
  test(`of ${what} it warns, and of nothing where nothing is wrong`, async () => {
    const folder = folderOf(files);
    const { warnings } = await check({ data: folder, folder, onBadRow: 'stop' });
    if (warning === undefined) assert.deepEqual(warnings, []);
    else
      assert.ok(
        warnings.some((sentence) => warning.test(sentence)),
        warnings.join('\n'),
      );
    for (const sentence of warnings) assert.match(sentence, /^[A-Z0-9][^\n]*\.?$/);
  });
}

test('nothing looks wrong in the synthetic sample', async () => {
  const folder = folderOf({});
  writeSample(folder, generateSample(DEFAULT_SAMPLE));
  const { warnings } = await check({ data: folder, folder, onBadRow: 'stop' });
  assert.deepEqual(warnings, []);
});

test('ranges of large counts stand below each other', () => {
  const bins = Array.from({ length: 23 }, () => 1);
  const bars = histogram(bins);
  assert.match(bars[22], /^1,048,577 to 2,097,152 {2}█/);
  assert.equal(new Set(bars.map((line) => line.indexOf('█'))).size, 1);
  for (const line of bars) assert.ok(line.length <= 80);
});

test('columns that were named are kept beside the data, once, and read there by every command', async () => {
  const folder = folderOf({
    'clicks.csv': lines('when,uid,sku', ...rows.map((row) => row.split(',').reverse().join(','))),
  });
  const columns = ['--user-column', 'sku', '--item-column', 'uid', '--time-column', 'when'];
  const { code, stdout } = await tslrec(folder, ['check', '--data', '.', ...columns]);
  assert.equal(code, 0);
  assert.match(stdout, /tslrec\.json keeps the columns: no command needs them again\.\n$/);
  const file = path.join(folder, 'tslrec.json');
  const kept = readFileSync(file, 'utf8');
  assert.deepEqual(JSON.parse(kept), { 'user-column': 'sku', 'item-column': ['uid'], 'time-column': 'when' });
  const again = await check({ data: folder, folder, onBadRow: 'stop' });
  assert.deepEqual([again.users, again.interactions], [3, 7]);
  await check({ data: folder, folder, onBadRow: 'stop', userColumn: 'uid', itemColumn: ['sku'] });
  assert.equal(readFileSync(file, 'utf8'), kept);
});

test('bad rows are kept where they are said to be', async () => {
  const folder = folderOf({ ...SMALL, 'interactions.csv': `${SMALL['interactions.csv']}u1,a\n` });
  const skip = ['check', '--data', '.', '--on-bad-row', 'skip', '--store', 'store'];
  const { code, stdout } = await tslrec(folder, skip);
  assert.equal(code, 0);
  assert.match(stdout, /^Bad rows skipped: 1; they are in store\/skipped-rows\.jsonl\.$/m);
  assert.equal(
    readFileSync(path.join(folder, 'store', 'skipped-rows.jsonl'), 'utf8')
      .trim()
      .split('\n').length,
    1,
  );
  assert.equal(existsSync(path.join(folder, '.tslrec')), false);
});

test('targets that a user has had are counted, whatever others have twice', async () => {
  // Everybody's last item is their first; one user has it three times, so that training repeats it.
  const rows = Array.from({ length: 10 }, (_, u) =>
    ['a', `b${u}`, `c${u}`, 'a'].map((id, i) => `u${u},${id},${1_700_000_000 + i}`),
  ).flat();
  const more = ['a', 'a', 'd', 'e', 'f'].map((id, i) => `more,${id},${1_700_000_000 + i}`);
  const folder = folderOf({ 'interactions.csv': lines('user_id,item_id,timestamp', ...rows, ...more) });
  const { splits } = await check({ data: folder, folder, onBadRow: 'stop' });
  const split = splits['leave-one-out'];
  assert.ok(!('refused' in split));
  assert.deepEqual([split.test, split.testOfOwn, split.ownTargets.test.users], [11, 10, 0]);
});
