// Test NDCG@10 of head, tail and cold items: a column a group, a row a start, so that the starts of a model
// stand under each other. Bars lie, because the names of starts are long; all have one scale.
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import type { PopularityGroup } from '../../../evaluation/popularity.ts';
import type { Summary } from '../../../evaluation/summary.ts';
import { askedGroups, figure, GROUPS_NOTE } from '../evaluation-table.ts';
import { type Markup, markup } from './markup.ts';
import { startName } from './start-name.ts';

/** In the units of the chart's view box. */
const [NAMES, COLUMN, BAR] = [170, 250, 185];
const [HEADER, ROW, THICKNESS, BASELINE] = [56, 20, 14, 14];

export function popularityBars(summary: readonly Summary[]): Markup | undefined {
  const groups = askedGroups(summary);
  if (groups.length === 0) return undefined;
  const rows = [...Map.groupBy(summary, ({ model }) => model)].flatMap(([model, starts]) => [
    model,
    ...starts,
  ]);
  const highest = Math.max(...groups.flatMap((group) => summary.map((row) => row.groups[group].ndcg)));
  const x = scaleLinear([0, highest || 1], [0, BAR]).nice();
  const [width, height] = [NAMES + groups.length * COLUMN, HEADER + rows.length * ROW];
  return markup`<section>
<h2>Head, tail and cold items</h2>
<p>${GROUPS_NOTE} Mean over seeds and over the users who are asked for an item of the group.</p>
<figure class="wide">
<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img">
<title>Test NDCG@10 by group of items</title>
<desc>${groups.map((group) => inWords(group, summary)).join('; ')}</desc>
${groups.map((group, i) => heading(group, NAMES + i * COLUMN, usersOf(group, summary)))}
${rows.map((row, i) => rowName(row, HEADER + i * ROW + BASELINE))}
${groups.map((group, i) => column(group, NAMES + i * COLUMN, rows, x))}
</svg>
</figure>
</section>`;
}

const rowName = (row: string | Summary, y: number): Markup =>
  typeof row === 'string'
    ? markup`<text class="model" y="${y}">${row}</text>\n`
    : markup`<text x="12" y="${y}">${startName(row)}</text>\n`;

const heading = (group: PopularityGroup, left: number, users: string): Markup => {
  const note = markup`<tspan class="users" dx="8">${users}</tspan>`;
  return markup`<text class="group" x="${left}" y="14">${group}${note}</text>\n`;
};

function column(
  group: PopularityGroup,
  left: number,
  rows: readonly (string | Summary)[],
  x: ScaleLinear<number, number>,
): Markup {
  const bottom = HEADER + rows.length * ROW;
  return markup`${x.ticks(3).map((tick) => verticalTick(left + x(tick), bottom, x.tickFormat(3)(tick)))}
${rows.map((row, i) =>
  typeof row === 'string' ? undefined : bar(row, group, left, HEADER + i * ROW, x(row.groups[group].ndcg)),
)}`;
}

const verticalTick = (x: number, bottom: number, label: string): Markup =>
  markup`<text x="${x}" y="40" text-anchor="middle">${label}</text>
<line class="grid" x1="${x}" x2="${x}" y1="46" y2="${bottom}"/>\n`;

function bar(row: Summary, group: PopularityGroup, left: number, top: number, width: number): Markup {
  const ndcg = figure(row.groups[group].ndcg);
  const y = top + (ROW - THICKNESS) / 2;
  const area = markup`x="${left}" y="${y}" width="${width}" height="${THICKNESS}"`;
  return markup`<rect class="bar" data-arm="${row.arm}" ${area}>
<title>${row.model}, ${startName(row)}, ${group}: ${ndcg}</title></rect>
<text x="${left + width + 5}" y="${top + BASELINE}">${ndcg}</text>\n`;
}

const usersOf = (group: PopularityGroup, [{ groups }]: readonly Summary[]): string =>
  `${groups[group].users} users`;

function inWords(group: PopularityGroup, summary: readonly Summary[]): string {
  const figures = summary.map((row) => `${row.model} ${startName(row)} ${figure(row.groups[group].ndcg)}`);
  return `${group}, ${usersOf(group, summary)}: ${figures.join(', ')}`;
}
