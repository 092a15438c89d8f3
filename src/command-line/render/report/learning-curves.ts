// Validation NDCG@10 after each epoch: a chart a model, a line a start. A line is the mean over seeds as far
// as every seed got, because beyond that a seed that stops makes it jump. Models that only count have no
// epochs and no chart.
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { Curve } from '../../../../jobs/evaluate.ts';
import { RANDOM_ARM } from '../../../evaluation/compare.ts';
import { average } from '../../../evaluation/summary.ts';
import { figure } from '../evaluation-table.ts';
import { type Markup, markup } from './markup.ts';
import { startName } from './start-name.ts';

/** In the units of the chart's view box. */
const [WIDTH, HEIGHT] = [480, 280];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, WIDTH - 12, 10, HEIGHT - 42];

interface StartCurve {
  readonly arm: string;
  readonly mode: string;
  /** By epoch, the first at 0. */
  readonly validation: readonly number[];
}

export function learningCurves(curves: readonly Curve[]): Markup | undefined {
  const trained = curves.filter(({ epochs }) => epochs.length > 0);
  if (trained.length === 0) return undefined;
  const charts = [...Map.groupBy(trained, ({ model }) => model)];
  return markup`<section>
<h2>Learning curves</h2>
<p>Validation NDCG@10 after each epoch, in the whole catalogue where a chart says nothing else, mean over
seeds up to where the first seed stops. Each chart has its own scales.</p>
${legend(trained)}
<div class="charts">
${charts.map(([model, ofModel]) => chart(model, ofModel))}
</div>
</section>`;
}

function chart(model: string, curves: readonly Curve[]): Markup {
  const starts = meanOverSeeds(curves);
  const goal = randomBest(curves);
  const among = curves[0].validatedAmong;
  const longest = Math.max(...starts.map(({ validation }) => validation.length));
  const highest = Math.max(...starts.flatMap(({ validation }) => validation), goal ?? 0);
  const x = scaleLinear([1, Math.max(longest, 2)], [LEFT, RIGHT]);
  const y = scaleLinear([0, highest || 1], [BOTTOM, TOP]).nice();
  const epochs = x.ticks(6).filter(Number.isInteger);
  const path = line<number>((_, epoch) => x(epoch + 1), y);
  return markup`<figure>
<figcaption>${model}${among === undefined ? '' : `, among ${among} sampled items`}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>Validation NDCG@10 of ${model} after each epoch</title>
<desc>${starts.map(inWords).join('; ')}</desc>
${y.ticks(5).map((tick) => horizontalTick(y(tick), y.tickFormat(5)(tick)))}
${epochs.map((epoch) => belowAxis(x(epoch), BOTTOM + 16, epoch))}
${belowAxis((LEFT + RIGHT) / 2, HEIGHT - 6, 'epoch')}
${goal === undefined ? undefined : acrossAt(y(goal), 'goal')}
${starts.map((start) => curve(start, path(start.validation)!))}
</svg>
</figure>
`;
}

const curve = ({ arm, mode }: StartCurve, path: string): Markup =>
  markup`<path class="curve" data-arm="${arm}" data-mode="${mode}" d="${path}">
<title>${startName({ arm, mode })}</title></path>\n`;

const horizontalTick = (y: number, label: string): Markup =>
  markup`${acrossAt(y, 'grid')}<text x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${label}</text>\n`;

const acrossAt = (y: number, kind: 'grid' | 'goal'): Markup =>
  markup`<line class="${kind}" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/>\n`;

const belowAxis = (x: number, y: number, text: string | number): Markup =>
  markup`<text x="${x}" y="${y}" text-anchor="middle">${text}</text>\n`;

function inWords({ arm, mode, validation }: StartCurve): string {
  const best = Math.max(...validation);
  const first = `${startName({ arm, mode })}: ${figure(validation[0])} after epoch 1`;
  return `${first}, best ${figure(best)} after epoch ${validation.indexOf(best) + 1}`;
}

function legend(curves: readonly Curve[]): Markup {
  const starts = new Map(curves.map((curve) => [startName(curve), curve]));
  const swatch = (look: Markup, name: string) => {
    const line = markup`<line ${look} x2="36" y1="4" y2="4"/>`;
    return markup`<li>
<svg viewBox="0 0 36 8" width="36" height="8" aria-hidden="true">${line}</svg> ${name}
</li>\n`;
  };
  return markup`<ul class="legend">
${[...starts].map(([name, { arm, mode }]) =>
  swatch(markup`class="swatch" data-arm="${arm}" data-mode="${mode}"`, name),
)}${starts.has(RANDOM_ARM) ? swatch(markup`class="goal"`, "random's best epoch") : undefined}</ul>`;
}

function meanOverSeeds(curves: readonly Curve[]): StartCurve[] {
  return [...Map.groupBy(curves, startName).values()].map((seeds) => ({
    arm: seeds[0].arm,
    mode: seeds[0].mode,
    validation: Array.from({ length: Math.min(...seeds.map(({ epochs }) => epochs.length)) }, (_, epoch) =>
      average(seeds.map(({ epochs }) => epochs[epoch].validation)),
    ),
  }));
}

/** What the other starts are measured against: the mean over seeds of the random start's best epoch. */
function randomBest(curves: readonly Curve[]): number | undefined {
  const random = curves.filter(({ arm }) => arm === RANDOM_ARM);
  if (random.length === 0) return undefined;
  return average(random.map(({ epochs }) => Math.max(...epochs.map(({ validation }) => validation))));
}
