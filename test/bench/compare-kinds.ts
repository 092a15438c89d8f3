// Kinds of item vectors against one another: the figures of each held-out item, their means, and paired
// differences.
import { pairedRandomisationTest } from '../../src/evaluation/significance.ts';
import { average } from '../../src/evaluation/summary.ts';
import { unitRows } from '../../src/unit-rows.ts';
import type { LearntWithout } from './learn-without.ts';
import { bestOf, cosines } from './nearest.ts';
import {
  chanceFigures,
  DEEPEST,
  FIGURES,
  type Figures,
  type Neighbourhood,
  neighbourhoodFigures,
} from './neighbourhoods.ts';

/**
 * By kind of vector, and for the two floors beside them: the figures of each item that has a neighbourhood.
 */
export function figuresOfKinds(
  { kinds, train }: LearntWithout,
  neighbourhoods: readonly (readonly [item: number, Neighbourhood])[],
  warm: readonly number[],
): Map<string, Figures[]> {
  const figures = new Map<string, Figures[]>();
  for (const { name, width, values } of kinds) {
    const rows = unitRows(values, width);
    const ranked = neighbourhoods.map(([item, neighbours]) =>
      neighbourhoodFigures(bestOf(cosines(rows, width, item), warm, DEEPEST), neighbours),
    );
    figures.set(name, ranked);
  }
  const popular = mostPopular(train, warm);
  figures.set(
    'popularity',
    neighbourhoods.map(([, neighbours]) => neighbourhoodFigures(popular, neighbours)),
  );
  figures.set(
    'chance',
    neighbourhoods.map(([, neighbours]) => chanceFigures(warm.length, neighbours)),
  );
  return figures;
}

function mostPopular(train: readonly Int32Array[], warm: readonly number[]): number[] {
  const counts: number[] = [];
  for (const sequence of train) for (const item of sequence) counts[item] = (counts[item] ?? 0) + 1;
  return bestOf(counts, warm, DEEPEST);
}

export const meanFigures = (ofItems: readonly Figures[]): Figures =>
  Object.fromEntries(
    FIGURES.map((figure) => [figure, average(ofItems.map((item) => item[figure]))]),
  ) as Figures;

export interface Difference {
  readonly difference: number;
  readonly standardError: number;
  readonly pValue: number;
}

/** Of one figure, a - b: the mean over items, its standard error and p of the paired test. */
export function pairedDifference(
  figure: keyof Figures,
  a: readonly Figures[],
  b: readonly Figures[],
): Difference {
  const [ofA, ofB] = [a, b].map((ofItems) => Float64Array.from(ofItems, (item) => item[figure]));
  const differences = Array.from(ofA, (x, i) => x - ofB[i]);
  const difference = average(differences);
  const squares = differences.reduce((sum, x) => sum + (x - difference) ** 2, 0);
  const n = differences.length;
  return {
    difference,
    standardError: Math.sqrt(squares / (n - 1) / n),
    pValue: pairedRandomisationTest(ofA, ofB),
  };
}
