// The page of an evaluation, from a result made by hand: SASRec from noise and from text, and the most
// popular items.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Curve, EvaluationResult } from '../../jobs/evaluate.ts';
import { ARM_NAMES } from '../../jobs/evaluation/arms.ts';
import { notesOf } from '../../src/command-line/render/evaluation-table.ts';
import { reportPage } from '../../src/command-line/render/report/page.ts';
import { writeReport } from '../../src/command-line/render/report/write-report.ts';
import type { Summary } from '../../src/evaluation/summary.ts';
import { WARM_START_MODES } from '../../src/evaluation/warm-start.ts';
import { temporaryFolder } from '../support/stores.ts';

const exactly = (mean: number) => ({ mean, deviation: 0 });
const nobody = { users: 0, ndcg: 0 };

const random: Summary = {
  model: 'sasrec',
  arm: 'random',
  mode: 'init',
  chosen: true,
  seeds: 2,
  validation: { 'ndcg@10': exactly(0.31) },
  test: {
    'hr@10': { mean: 0.5, deviation: 0.01 },
    'mrr@10': { mean: 0.2, deviation: 0.02 },
    'ndcg@10': { mean: 0.25, deviation: 0.03 },
    'ndcg@20': { mean: 0.26, deviation: 0.04 },
  },
  groups: { head: { users: 70, ndcg: 0.4 }, tail: nobody, cold: { users: 5, ndcg: 0.01 } },
  overText: {},
  epochs: 2.5,
  seconds: 12.5,
};
const text: Summary = {
  model: 'sasrec',
  arm: 'text',
  mode: 'frozen+adapter',
  chosen: true,
  seeds: 2,
  validation: { 'ndcg@10': exactly(0.33) },
  test: {
    'hr@10': { mean: 0.6, deviation: 0.05 },
    'mrr@10': { mean: 0.21, deviation: 0.06 },
    'ndcg@10': { mean: 0.3, deviation: 0.07 },
    'ndcg@20': { mean: 0.32, deviation: 0.08 },
  },
  groups: { head: { users: 70, ndcg: 0.3 }, tail: nobody, cold: { users: 5, ndcg: 0.1 } },
  gain: 0.2,
  pValue: 0.0123,
  overText: {},
  toRandomBest: { epochs: 1.5, seconds: 7.5 },
  epochs: 3,
  seconds: 15.5,
};
const popular: Summary = {
  model: 'popular',
  arm: 'random',
  mode: 'init',
  chosen: true,
  seeds: 1,
  validation: { 'ndcg@10': exactly(0.08) },
  test: {
    'hr@10': exactly(0.11),
    'mrr@10': exactly(0.06),
    'ndcg@10': exactly(0.09),
    'ndcg@20': exactly(0.1),
  },
  groups: { head: { users: 70, ndcg: 0.15 }, tail: nobody, cold: { users: 5, ndcg: 0 } },
  overText: {},
  epochs: 0,
  seconds: 0,
};

const curve = (arm: string, mode: Curve['mode'], seed: number, validation: readonly number[]): Curve => ({
  model: 'sasrec',
  arm,
  mode,
  seed,
  epochs: validation.map((x) => ({ loss: 1, validation: x, seconds: 5 })),
});

const result: EvaluationResult = {
  dataset: '<script src="https://shop">\'s & co',
  protocol: 'leave-one-out',
  length: 50,
  layout: 'tslrec',
  timed: true,
  filteredRows: 0,
  notes: [],
  skippedRows: 0,
  duplicateRows: 0,
  items: 40,
  notRepeatable: 8,
  ownTargets: { validation: { users: 2, of: 75 }, test: { users: 3, of: 75 }, ranked: false },
  certainHits: [
    { cutOff: 10, validation: { users: 0, of: 75 }, test: { users: 0, of: 75 } },
    { cutOff: 20, validation: { users: 4, of: 75 }, test: { users: 5, of: 75 } },
  ],
  users: { validation: 75, test: 75 },
  rows: [],
  summary: [random, text, popular],
  curves: [
    curve('random', 'init', 1, [0.1, 0.3]),
    curve('random', 'init', 2, [0.1, 0.5, 0.2]),
    curve('text', 'frozen+adapter', 1, [0.2, 0.4, 0.5]),
    curve('text', 'frozen+adapter', 2, [0.2, 0.4, 0.5]),
    { model: 'popular', arm: 'random', mode: 'init', seed: 1, epochs: [] },
  ],
};
const page = reportPage(result);

/** What stands in the elements of this name that hold nothing but text. */
const textsOf = (html: string, tag: string): string[] =>
  [...html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^<]*)</${tag}>`, 'g'))].map(([, inner]) => inner);
const tablesOf = (html: string): string[][][] =>
  [...html.matchAll(/<table>.*?<\/table>/gs)].map(([table]) =>
    [...table.matchAll(/<tr.*?<\/tr>/gs)].map(([row]) => [...textsOf(row, 'th'), ...textsOf(row, 'td')]),
  );
const linesOf = (html: string): string[] =>
  [...html.matchAll(/<path class="curve" data-arm="(.*?)" data-mode="(.*?)" d="(.*?)"/g)].map((line) =>
    line.slice(1).join(' '),
  );

test('the tables: what the terminal shows, then every metric with its deviation', () => {
  assert.deepEqual(tablesOf(page), [
    [
      [
        ...[
          'model',
          'start',
          'mode',
          'val. NDCG@10',
          'test NDCG@10',
          'HR@10',
          'MRR@10',
          'head',
          'cold',
          'epochs',
        ],
        ...['gain', 'to random&#39;s best'],
      ],
      [
        'sasrec',
        'random',
        'init',
        '0.3100',
        '0.2500 ± 0.0300',
        '0.5000',
        '0.2000',
        '0.4000',
        '0.0100',
        '2.5',
        '',
        '',
      ],
      [
        ...[
          'sasrec',
          'text',
          'frozen+adapter *',
          '0.3300',
          '0.3000 ± 0.0700',
          '0.6000',
          '0.2100',
          '0.3000',
          '0.1000',
        ],
        ...['3.0', '+20.0 % (p 0.0123)', '1.5 epochs, 7.5 s'],
      ],
      [
        'popular',
        'random',
        'init',
        '0.0800',
        '0.0900 ± 0.0000',
        '0.1100',
        '0.0600',
        '0.1500',
        '0.0000',
        '0.0',
        '',
        '',
      ],
    ],
    [
      ['model', 'start', 'mode', 'seeds', 'HR@10', 'MRR@10', 'NDCG@10', 'NDCG@20', 'seconds'],
      [
        ...['sasrec', 'random', 'init', '2'],
        ...['0.5000 ± 0.0100', '0.2000 ± 0.0200', '0.2500 ± 0.0300', '0.2600 ± 0.0400', '12.5'],
      ],
      [
        ...['sasrec', 'text', 'frozen+adapter *', '2'],
        ...['0.6000 ± 0.0500', '0.2100 ± 0.0600', '0.3000 ± 0.0700', '0.3200 ± 0.0800', '15.5'],
      ],
      [
        ...['popular', 'random', 'init', '1'],
        ...['0.1100 ± 0.0000', '0.0600 ± 0.0000', '0.0900 ± 0.0000', '0.1000 ± 0.0000', '0.0'],
      ],
    ],
  ]);
  assert.equal(page.match(/<tr class="chosen">/g)?.length, 2);
});

test('names are text, and the notes say what was asked', () => {
  assert.deepEqual(textsOf(page, 'h1'), [
    '&lt;script src=&quot;https://shop&quot;&gt;&#39;s &amp; co, leave-one-out split',
  ]);
  assert.match(page, /<li>Ranked among all 40 items, leave-one-out split, 75 users, /);
  assert.match(page, /cold = of those it never has\./);
});

test('the notes tell a gain only beside a random start, a choice only where there is one', () => {
  const { gain: _, pValue: __, toRandomBest: ___, ...uncompared } = text;
  const notes = (...summary: Summary[]) => notesOf({ ...result, summary }).join('\n');
  assert.match(
    notes(random, text),
    /^\* = the mode that validation chose\.\ngain = over the same model from a random /m,
  );
  assert.match(notes(uncompared), /^\* = the mode that validation chose\.\nhead = /m);
  assert.doesNotMatch(notes(random, popular), /chose|gain/);
});

test('over a random start that hits nothing the gain has no figure', () => {
  const { gain: _, ...fromNothing } = text;
  const [[, , row]] = tablesOf(reportPage({ ...result, summary: [random, fromNothing] }));
  assert.deepEqual(row.slice(-2), ['from 0 (p 0.0123)', '1.5 epochs, 7.5 s']);
});

test('the page refers to nothing outside it', () => {
  assert.doesNotMatch(
    reportPage({ ...result, dataset: 'shop' }),
    /https?:|src=|href=|url\(|@import|<script|<link/,
  );
});

test('a curve a start: the mean over seeds as far as both got, the best random start across', () => {
  // Heights: 0 at y 238, 0.5 at y 10, so 0.1 is 45.6 high. Epochs 1 to 3 at x 52, 260, 468; one seed of
  // random has two.
  assert.deepEqual(linesOf(page), [
    'random init M52,192.4L260,55.6',
    'text frozen+adapter M52,146.8L260,55.6L468,10',
  ]);
  // (0.3 + 0.5) / 2 = 0.4
  const [[, goal]] = [...page.matchAll(/<line class="goal" x1="52" x2="468" y1="(.*?)"/g)];
  assert.ok(Math.abs(Number(goal) - 55.6) < 1e-9, goal);
  assert.match(
    page,
    /<desc>random: 0\.1000 after epoch 1, best 0\.4000 after epoch 2; text frozen\+adapter: 0\.2000 /,
  );
});

test('a chart whose validation ranked sampled items says so', () => {
  const sampled = { ...curve('random', 'init', 1, [0.1, 0.3]), model: 'din' as const, validatedAmong: 100 };
  const page = reportPage({ ...result, curves: [...result.curves, sampled] });
  assert.deepEqual(textsOf(page, 'figcaption'), ['sasrec', 'din, among 100 sampled items']);
});

test('a bar a start and group that anybody is asked for, as long as its figure', () => {
  const bars = [...page.matchAll(/<rect class="bar" data-arm="(.*?)" x="(\d+)" y="(\d+)" width="(.*?)"/g)];
  // 0.4 is 185 long. A row is 20 high, and a model has a row for its name.
  const expected = [
    ['random', 170, 79, 185],
    ['text', 170, 99, 138.75],
    ['random', 170, 139, 69.375],
    ['random', 420, 79, 4.625],
    ['text', 420, 99, 46.25],
    ['random', 420, 139, 0],
  ];
  assert.deepEqual(
    bars.map(([, arm, x, y, width]) => [arm, Number(x), Number(y), Math.round(1000 * Number(width)) / 1000]),
    expected,
  );
  assert.deepEqual(textsOf(page, 'tspan'), ['70 users', '5 users']);
});

test('what there is nothing to draw of is left out', () => {
  const counted = reportPage({
    ...result,
    summary: [{ ...popular, groups: { head: nobody, tail: nobody, cold: nobody } }],
    curves: result.curves.slice(-1),
  });
  assert.deepEqual(textsOf(page, 'h2'), ['Learning curves', 'Head, tail and cold items', 'All metrics']);
  assert.deepEqual(textsOf(page, 'figcaption'), ['sasrec']);
  assert.deepEqual(textsOf(counted, 'h2'), ['All metrics']);
  assert.doesNotMatch(counted, /<svg/);
});

test('curves and bars of nothing but zeros lie on the axis', () => {
  const zero = { users: 1, ndcg: 0 };
  const flat = reportPage({
    ...result,
    summary: [{ ...random, groups: { head: zero, tail: zero, cold: zero } }],
    curves: [curve('random', 'init', 1, [0])],
  });
  assert.deepEqual(linesOf(flat), ['random init M52,238Z']);
  assert.equal(flat.match(/<rect [^>]*width="0"/g)?.length, 3);
  assert.doesNotMatch(flat, /NaN|undefined/);
});

test('every start has a colour and every mode but init its dashes', () => {
  for (const arm of ARM_NAMES) assert.ok(page.includes(`[data-arm="${arm}"] {\n  --start: `), arm);
  for (const mode of WARM_START_MODES)
    assert.equal(page.includes(`[data-mode="${mode}"] {\n  stroke-dasharray: `), mode !== 'init', mode);
});

test('the page is written beside what --json prints', async (context) => {
  const folder = path.join(await temporaryFolder(context), 'new', 'report');
  assert.equal(writeReport(folder, result), path.join(folder, 'index.html'));
  assert.equal(readFileSync(path.join(folder, 'index.html'), 'utf8'), page);
  assert.equal(readFileSync(path.join(folder, 'evaluation.json'), 'utf8'), `${JSON.stringify(result)}\n`);
});
