// Which category each label of a hosted classifier is: its number stands at the end of its name, as in "3",
// "LABEL_3" and "category 3". Legend: K categories.
import { TslrecError } from '../../errors.ts';

/** The category of each label; every category from 0 to K - 1 has to have exactly one. */
export function categoriesOfLabels(labels: readonly string[], K: number, model: string): number[] {
  const categories = labels.map((label) => Number(/\d+$/.exec(label)?.[0] ?? Number.NaN));
  const missing = Array.from({ length: K }, (_, category) => category).find(
    (category) => !categories.includes(category),
  );
  if (missing === undefined && labels.length === K) return categories;
  const complaint =
    missing === undefined || labels.length !== K ? '' : `, none of which is category ${missing}`;
  throw new TslrecError(
    'bad-data',
    `${model}: got ${labels.length} labels (${few(labels)})${complaint}, expected ${K} that end in the ` +
      `numbers from 0 to ${K - 1}, one for each category; serve a model tuned on what \`tslrec ` +
      'export-sft` writes with the options of this refresh.',
  );
}

const few = (labels: readonly string[]): string =>
  `${labels.slice(0, 3).join(', ')}${labels.length > 3 ? ', ...' : ''}`;
