// An evaluation as one page that needs nothing else: no script, no font and no file but itself.
import { readFileSync } from 'node:fs';
import type { EvaluationResult } from '../../../../jobs/evaluate.ts';
import type { Summary } from '../../../evaluation/summary.ts';
import {
  type Column,
  columnsOf,
  isChosenMode,
  notesOf,
  START_COLUMNS,
  spreadFigure,
} from '../evaluation-table.ts';
import { learningCurves } from './learning-curves.ts';
import { type Markup, markup } from './markup.ts';
import { popularityBars } from './popularity-bars.ts';

export function reportPage(result: EvaluationResult): string {
  const { dataset, protocol, summary, curves } = result;
  const style = { markup: readFileSync(new URL('page.css', import.meta.url), 'utf8') };
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="generator" content="tslrec">
<title>${dataset}, ${protocol} split: recommenders compared</title>
<style>
${style}</style>
</head>
<body>
<h1>${dataset}, ${protocol} split</h1>
<ul>
${notesOf(result).map((note) => markup`<li>${note}</li>\n`)}</ul>
${table(columnsOf(summary), summary)}
${learningCurves(curves)}
${popularityBars(summary)}
<section>
<h2>All metrics</h2>
<p>On the test, mean ± sample deviation over seeds; seconds of training up to the best epoch.</p>
${table(metricColumns(summary), summary)}
</section>
</body>
</html>
`.markup;
}

function metricColumns([{ test }]: readonly Summary[]): Column[] {
  return [
    ...START_COLUMNS,
    ['seeds', ({ seeds }) => String(seeds)],
    ...Object.keys(test).map((name): Column => [name.toUpperCase(), (row) => spreadFigure(row.test[name])]),
    ['seconds', ({ seconds }) => seconds.toFixed(1)],
  ];
}

const table = (columns: readonly Column[], summary: readonly Summary[]): Markup => markup`<div class="wide">
<table>
<thead><tr>${columns.map(([title]) => markup`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${summary.map((row) => tableRow(columns, row))}</tbody>
</table>
</div>`;

function tableRow(columns: readonly Column[], row: Summary): Markup {
  const cells = columns.map(([, cell]) => markup`<td>${cell(row)}</td>`);
  return isChosenMode(row) ? markup`<tr class="chosen">${cells}</tr>\n` : markup`<tr>${cells}</tr>\n`;
}
