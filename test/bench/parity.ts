// Is it the same model? The same training on the same split here and in PyTorch (peer_train.py), several
// seeds each: what both reach, and how long an epoch takes. PyTorch trains with the settings whose second
// epoch is the fastest; in the first one it compiles.
//   --data DIR  items.jsonl and interactions.csv
//   --model sasrec|gru4rec  --length L  --seeds N
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EvaluationResult } from '../../jobs/evaluate.ts';
import { average } from '../../src/evaluation/summary.ts';
import { type Comparison, comparisonOf, fastestOfTorch, measured, show, torchSides } from './comparison.ts';
import { dataFolder, type Options, oneOf, wholeNumber } from './options.ts';
import { trainPeer } from './peer-train.ts';
import { type Failure, MEASURED_WITH, type Measurement, median, round, runNode } from './processes.ts';
import { type Settings, TRAINING_SETTINGS } from './torch.ts';

interface Sizes {
  readonly data: string;
  readonly model: keyof typeof TRAINING_SETTINGS;
  readonly length: number;
  readonly seeds: number;
}

/** The median epoch, and what the seeds reached on the test. */
interface Training extends Measurement {
  readonly ndcg: number;
  readonly lowest: number;
  readonly highest: number;
}

interface Parity extends Comparison {
  /** Ours over the peer's. */
  readonly ndcgRatio?: number;
}

export function benchmarkParity(options: Options): Parity {
  const sizes: Sizes = {
    data: dataFolder(options),
    model: oneOf('model', options.model ?? 'sasrec', TRAINING_SETTINGS),
    length: wholeNumber('length', options.length ?? '50', 2),
    seeds: wholeNumber('seeds', options.seeds ?? '3', 1),
  };
  const trials = torchSides(TRAINING_SETTINGS[sizes.model], (settings) => secondEpoch(sizes, settings)).map(
    measured,
  );
  const ours = trainOurs(sizes);
  const fastest = fastestOfTorch(trials);
  const theirs = fastest && trainTorch(sizes, fastest.settings);
  const peer = fastest && { ...fastest, ...theirs };
  const work = `an epoch of training ${sizes.model}, L ${sizes.length}`;
  const comparison = comparisonOf({ work, sizes }, ours, trials, peer);
  show(comparison);
  console.table({ tslrec: ours, ...(theirs && { torch: theirs }) });
  return { ...comparison, ...(theirs && { ndcgRatio: ours.ndcg / theirs.ndcg }) };
}

function trainOurs({ data, model, length, seeds }: Sizes): Training {
  const store = mkdtempSync(path.join(os.tmpdir(), 'tslrec-parity-'));
  const { rows, curves } = runNode<EvaluationResult>(
    path.resolve(import.meta.dirname, '../../src/main.ts'),
    [
      ...['evaluate', '--data', data, '--models', model, '--arms', 'random', '--seeds', `${seeds}`],
      ...['--length', `${length}`, '--store', store, '--json'],
    ],
    { TSLREC_EXECUTION_PROVIDER: 'cpu', TSLREC_THREADS: `${MEASURED_WITH.threads}` },
  );
  rmSync(store, { recursive: true });
  return trainingOf(
    curves.flatMap(({ epochs }) => epochs.map(({ seconds }) => seconds)),
    rows.filter(({ split }) => split === 'test').map((row) => Number(row['ndcg@10'])),
  );
}

function trainTorch({ seeds, ...sizes }: Sizes, settings: Settings): Training {
  const results = Array.from({ length: seeds }, (_, i) =>
    trainPeer({ ...sizes, ...settings, seed: i + 1 }),
  ).map((result) => {
    if ('failed' in result) throw new Error(`PyTorch did not end its training: ${result.failed}`);
    return result;
  });
  return trainingOf(
    results.flatMap(({ epochSeconds }) => epochSeconds),
    results.map(({ test }) => test['ndcg@10']),
  );
}

function secondEpoch({ seeds: _, ...sizes }: Sizes, settings: Settings): Measurement | Failure {
  const result = trainPeer({ ...sizes, ...settings, seed: 1, epochs: 2 });
  return 'failed' in result ? result : { milliseconds: round(1000 * result.epochSeconds[1]) };
}

const trainingOf = (epochSeconds: readonly number[], ndcg: readonly number[]): Training => ({
  milliseconds: round(1000 * median(epochSeconds)),
  ndcg: average(ndcg),
  lowest: Math.min(...ndcg),
  highest: Math.max(...ndcg),
});
