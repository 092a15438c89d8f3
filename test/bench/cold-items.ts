// Cold items: a tenth of the items is held out of everything that is learnt. Do the vectors that they get
// from their texts alone lie near the items that people had beside them? TSLRec's embeddings against text
// features and others.
//   --data DIR  --preset quick|standard
//   --seeds N  other items are held out by each of the seeds 1 to N, and everything is learnt anew
//   --base FOLDER|hub:NAME  the language model that is tuned
//   --store DIR  keeps the stages, so that a killed run goes on
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PRESETS } from '../../jobs/presets.ts';
import { readConfig } from '../../src/config.ts';
import { TslrecError } from '../../src/errors.ts';
import type { Dataset } from '../../src/interactions/dataset.ts';
import { itemsIn } from '../../src/interactions/occurring-items.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { terminalProgress } from '../../src/progress.ts';
import { configureExecution } from '../../src/tensor/session.ts';
import { figuresOfKinds, meanFigures, pairedDifference } from './compare-kinds.ts';
import { drawHeldOut } from './held-out-items.ts';
import { ADAPTED_TEXT, type LearnWithoutOptions, learnWithout, TEXT, TSLREC } from './learn-without.ts';
import { FIGURES, type Figures, trueNeighbourhoods } from './neighbourhoods.ts';
import { type Options, oneOf, wholeNumber } from './options.ts';

const HELD_OUT_SHARE = 0.1;

export async function benchmarkColdItems(options: Options) {
  const { data, base, store } = options;
  const presetName = oneOf('preset', options.preset ?? 'standard', PRESETS);
  const preset = PRESETS[presetName];
  const seeds = wholeNumber('seeds', options.seeds ?? '1', 1);
  if (data === undefined) throw new TslrecError('bad-request', '--data has to name a data folder.');
  configureExecution(readConfig(process.env).execution);
  const { dataset } = await readDataset(data, { onBadRow: 'stop' });
  const folder = store ?? mkdtempSync(path.join(os.tmpdir(), 'tslrec-cold-items-'));
  const draws: Map<string, Figures[]>[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    draws.push(await figuresOfDraw(dataset, seed, { folder, preset, base, progress: terminalProgress() }));
  }
  if (store === undefined) rmSync(folder, { recursive: true });

  const figures = new Map(
    [...draws[0].keys()].map((kind) => [kind, draws.flatMap((draw) => draw.get(kind)!)]),
  );
  const items = figures.get(TSLREC)!.length;
  const rows = [...figures].map(([vectors, ofItems]) => ({ vectors, ...meanFigures(ofItems) }));
  const differences = [TEXT, ADAPTED_TEXT].flatMap((over) =>
    FIGURES.map((figure) => ({
      over,
      figure,
      ...pairedDifference(figure, figures.get(TSLREC)!, figures.get(over)!),
    })),
  );
  console.log(
    `${dataset.name}, ${presetName}: ${items} items held out that have true neighbours; draws: ${seeds}`,
  );
  console.table(rows.map(shown));
  console.log(`${TSLREC} over other vectors, item by item:`);
  console.table(differences.map(shown));
  return {
    work: 'neighbours of items held out',
    sizes: { data, preset: presetName, seeds, items },
    rows,
    differences,
  };
}

async function figuresOfDraw(dataset: Dataset, seed: number, options: Omit<LearnWithoutOptions, 'seed'>) {
  const heldOut = drawHeldOut(dataset.sequences, HELD_OUT_SHARE, seed);
  const learnt = await learnWithout(dataset, new Set(heldOut), { ...options, seed });
  const warm = new Set(itemsIn(learnt.train));
  const neighbourhoods = [...trueNeighbourhoods(dataset.sequences, heldOut, warm)].filter(
    ([, { size }]) => size > 0,
  );
  return figuresOfKinds(learnt, neighbourhoods, [...warm]);
}

/** Numbers as they are read: four digits. */
const shown = (row: Readonly<Record<string, string | number>>) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toFixed(4)) : value,
    ]),
  );
