// The result of an evaluation as the table that people read.

import type { EvaluationResult } from '../../../jobs/evaluate.ts';
import { RANDOM_ARM, TEXT_ARMS, type TextArm } from '../../evaluation/compare.ts';
import { POPULARITY_GROUPS, type PopularityGroup } from '../../evaluation/popularity.ts';
import type { Gain, Spread, Summary } from '../../evaluation/summary.ts';
import { certainHitsNote } from './certain-hits-note.ts';
import { certainMisses, repeatsRanked } from './own-targets-note.ts';
import { textTable } from './text-table.ts';

export type Column = readonly [title: string, cell: (row: Summary) => string];

export const figure = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(4));

export const spreadFigure = (spread: Spread | undefined): string =>
  figure(spread?.mean) + (spread?.deviation === undefined ? '' : ` ± ${figure(spread.deviation)}`);

export const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;

/** The random start has one mode: nothing to choose. */
export const isChosenMode = ({ chosen, arm }: Summary): boolean => chosen && arm !== RANDOM_ARM;

export const START_COLUMNS: readonly Column[] = [
  ['model', ({ model }) => model],
  ['start', ({ arm }) => arm],
  ['mode', (row) => row.mode + (isChosenMode(row) ? ' *' : '')],
];

export const GROUPS_NOTE =
  'head = NDCG@10 of the fifth of the items that training has most often, tail = of the others, cold = of ' +
  'those it never has.';

/** Those that anybody is asked for. */
export const askedGroups = (summary: readonly Summary[]): PopularityGroup[] =>
  POPULARITY_GROUPS.filter((name) => summary.some((row) => row.groups[name].users > 0));

/** Whether there is a random start to compare the others with. */
const isCompared = (summary: readonly Summary[]): boolean =>
  summary.some(({ pValue }) => pValue !== undefined);

/** The starts from text that others are compared with. */
const textArms = (summary: readonly Summary[]): TextArm[] =>
  TEXT_ARMS.filter((arm) => summary.some(({ overText }) => overText[arm] !== undefined));

const isOverFirst = (summary: readonly Summary[]): boolean =>
  summary.some(({ overFirstModel }) => overFirstModel !== undefined);

/** Head, tail and cold items have a column each where anybody is asked for one. */
export function columnsOf(summary: readonly Summary[]): Column[] {
  const columns: Column[] = [
    ...START_COLUMNS,
    ['val. NDCG@10', ({ validation }) => figure(validation['ndcg@10']?.mean)],
    ['test NDCG@10', ({ test }) => spreadFigure(test['ndcg@10'])],
    ['HR@10', ({ test }) => figure(test['hr@10']?.mean)],
    ['MRR@10', ({ test }) => figure(test['mrr@10']?.mean)],
    ...askedGroups(summary).map((name): Column => [name, (row) => figure(row.groups[name].ndcg)]),
    ['epochs', ({ epochs }) => epochs.toFixed(1)],
    ...(isOverFirst(summary)
      ? [gainColumn(`over ${summary[0].model}`, ({ overFirstModel }) => overFirstModel)]
      : []),
  ];
  if (!isCompared(summary)) return columns;
  return [
    ...columns,
    gainColumn('gain', (row) => row),
    ...textArms(summary).map((arm) => gainColumn(`over ${arm}`, ({ overText }) => overText[arm])),
    [
      "to random's best",
      ({ toRandomBest: to, pValue }) =>
        to
          ? `${to.epochs.toFixed(1)} epochs, ${to.seconds.toFixed(1)} s`
          : pValue === undefined
            ? ''
            : 'never',
    ],
  ];
}

function gainColumn(title: string, gainOf: (row: Summary) => Partial<Gain> | undefined): Column {
  const cell = (row: Summary): string => {
    const { gain, pValue } = gainOf(row) ?? {};
    return pValue === undefined
      ? ''
      : `${gain === undefined ? 'from 0' : percent(gain)} (p ${pValue.toFixed(4)})`;
  };
  return [title, cell];
}

/** What a reader has to know of the figures, one sentence a line. */
export function notesOf({
  candidates,
  certainHits,
  items,
  notRepeatable,
  ownTargets,
  protocol,
  users,
  length,
  summary,
}: EvaluationResult): string[] {
  const among =
    candidates === undefined ? `all ${items} items` : `the right item and ${candidates} sampled ones`;
  const seeds = Math.max(...summary.map((row) => row.seeds));
  const runs = seeds === 1 ? 'one seed' : `mean over ${seeds} seeds`;
  return [
    `Ranked among ${among}, ${protocol} split, ${users.test} users, the last ${length} items seen; ${runs}.`,
    ...(candidates !== undefined
      ? [
          'The sampled items are none that the user has; the right one is ranked whether or not the user ' +
            'has it.',
        ]
      : []),
    ...(candidates === undefined && notRepeatable > 0
      ? [
          `${notRepeatable} of ${items} items are in no training history twice: not ranked for users who ` +
            `have them; ${certainMisses(ownTargets)}.`,
        ]
      : []),
    ...(candidates === undefined && ownTargets.ranked ? [repeatsRanked(ownTargets)] : []),
    ...certainHitsNote(certainHits),
    ...(summary.some(isChosenMode) ? ['* = the mode that validation chose.'] : []),
    ...(isCompared(summary)
      ? [
          'gain = over the same model from a random start, paired test over users; each p stands alone, ' +
            'not corrected for their number.',
          "to random's best = of this training alone; what made the embeddings took its time before.",
        ]
      : []),
    ...(isOverFirst(summary)
      ? [`over ${summary[0].model} = over its random start, paired test over users.`]
      : []),
    ...textArms(summary).map((arm) => `over ${arm} = over the chosen mode of ${arm}, the same test.`),
    ...(askedGroups(summary).length > 0 ? [GROUPS_NOTE] : []),
  ];
}

export function evaluationTable(result: EvaluationResult): string {
  const columns = columnsOf(result.summary);
  const rows = result.summary.map((row) => columns.map(([, cell]) => cell(row)));
  const titles = columns.map(([title]) => title);
  return [result.dataset, ...notesOf(result), '', textTable(titles, rows)].join('\n');
}
