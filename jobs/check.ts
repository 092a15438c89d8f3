// What a refresh would learn from, without learning anything: the data are read as every command reads them,
// counted, split as they would be split, and looked at for what is likely to be a mistake.
import { TslrecError } from '../src/errors.ts';
import { knownText } from '../src/instructions/item-text.ts';
import { summarise } from '../src/interactions/data-summary.ts';
import type { Dataset, SplitName } from '../src/interactions/dataset.ts';
import { interactionCounts } from '../src/interactions/occurring-items.ts';
import { SPLIT_NAMES, splitDataset } from '../src/interactions/split.ts';
import { mappingFile, mappingIn, writeMapping } from '../src/layouts/mapping.ts';
import { type ReadChoices, readDataset } from '../src/layouts/read-dataset.ts';
import { isThere } from '../src/named-file.ts';
import { ownTargets } from '../src/recommenders/own-targets.ts';
import { isPostgres } from '../src/storage/location.ts';
import { type Found, type SplitCheck, warningsOn } from './check-warnings.ts';
import { skippedRowsIn } from './experiment.ts';

export interface CheckOptions extends ReadChoices {
  readonly data: string;
  /** Where the rows that are skipped are kept. */
  readonly folder: string;
}

export interface CheckResult extends Found {
  /** Sentences: what looks wrong, and what to do. */
  readonly warnings: readonly string[];
  /** The file that now remembers the columns that were named. */
  readonly remembered?: string;
}

export async function check(options: CheckOptions): Promise<CheckResult> {
  const skippedRowsFile = await skippedRowsIn(options.folder, options);
  const { dataset, ...report } = await readDataset(options.data, { ...options, skippedRowsFile });
  const found = {
    dataset: dataset.name,
    ...report,
    ...summarise(dataset),
    ...textsOf(dataset),
    splits: Object.fromEntries(SPLIT_NAMES.map((name) => [name, splitCheck(name, dataset)])) as Record<
      SplitName,
      SplitCheck
    >,
  };
  const remembered = remember(options);
  return { ...found, warnings: warningsOn(found), ...(remembered !== undefined && { remembered }) };
}

function textsOf({ items, sequences }: Dataset) {
  const ofItems = items.map((item) => knownText(item, Number.POSITIVE_INFINITY));
  const texts = ofItems.filter((text) => text !== '');
  const interactions = interactionCounts(sequences, items.length);
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return {
    itemsWithText: texts.length,
    occurringWithoutText: ofItems.filter((text, i) => text === '' && interactions[i] > 0).length,
    itemsOfSameText: texts.filter((text) => counts.get(text)! > 1).length,
  };
}

function splitCheck(name: SplitName, dataset: Dataset): SplitCheck {
  try {
    const split = splitDataset(name, dataset);
    const { validation, test } = split;
    return {
      validation: validation.targets.length,
      test: test.targets.length,
      testOfOwn: test.histories.filter((history, row) => history.includes(test.targets[row])).length,
      ownTargets: ownTargets(split, dataset.items.length),
    };
  } catch (error) {
    if (error instanceof TslrecError) return { refused: error.message };
    throw error;
  }
}

/** Columns that were named and served are kept beside the data, unless something is kept there already. */
function remember({ data, ...choices }: CheckOptions): string | undefined {
  const mapping = mappingIn(choices);
  if (mapping === undefined || isPostgres(data) || isThere(mappingFile(data))) return undefined;
  return writeMapping(data, mapping);
}
