// Is it the same model? The same training on the same split here and in PyTorch (peer_train.py), several seeds each: what
// both reach, and how long an epoch takes.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EvaluationResult } from '../../jobs/evaluate.ts';
import { average } from '../../src/evaluation/summary.ts';
import { round, runProgram, runTorch } from './processes.ts';

interface Reached {
  readonly ndcg: number;
  readonly secondsPerEpoch: number;
}

interface TorchResult {
  readonly test: { readonly 'ndcg@10': number };
  readonly secondsPerEpoch: number;
}

export function benchmarkParity(options: {
  readonly data?: string;
  readonly model?: string;
  readonly length?: string;
  readonly seeds?: string;
}): object {
  const { data, model = 'sasrec', length = '50', seeds = '3' } = options;
  if (data === undefined || !existsSync(data)) throw new Error(`--data ${data ?? 'is missing'}: name a data folder`);
  const ours = trainOurs(data, model, length, seeds);
  const theirs = Array.from({ length: Number(seeds) }, (_, i) =>
    runTorch<TorchResult>('peer_train.py', [
      '--data',
      data,
      '--model',
      model,
      '--length',
      length,
      '--seed',
      `${i + 1}`,
    ]),
  ).flatMap((result) => (result ? [{ ndcg: result.test['ndcg@10'], secondsPerEpoch: result.secondsPerEpoch }] : []));
  const rows = [summary('tslrec', ours), ...(theirs.length > 0 ? [summary('torch', theirs)] : [])];
  console.table(rows);
  const [us, peer] = rows;
  return {
    rows,
    ...(peer && { ratio: round(peer.secondsPerEpoch / us.secondsPerEpoch), ndcgRatio: us.ndcg / peer.ndcg }),
  };
}

function trainOurs(data: string, model: string, length: string, seeds: string): Reached[] {
  const store = mkdtempSync(path.join(os.tmpdir(), 'tslrec-parity-'));
  const { rows, curves } = runProgram<EvaluationResult>(process.execPath, [
    path.resolve(import.meta.dirname, '../../src/main.ts'),
    ...['evaluate', '--data', data, '--models', model, '--arms', 'random', '--seeds', seeds],
    ...['--length', length, '--store', store, '--json'],
  ]);
  rmSync(store, { recursive: true });
  return rows
    .filter(({ split }) => split === 'test')
    .map((row, i) => ({
      ndcg: Number(row['ndcg@10']),
      secondsPerEpoch: average(curves[i].epochs.map(({ seconds }) => seconds)),
    }));
}

function summary(engine: string, reached: readonly Reached[]) {
  return {
    engine,
    seeds: reached.length,
    ndcg: average(reached.map(({ ndcg }) => ndcg)),
    lowest: Math.min(...reached.map(({ ndcg }) => ndcg)),
    highest: Math.max(...reached.map(({ ndcg }) => ndcg)),
    secondsPerEpoch: average(reached.map(({ secondsPerEpoch }) => secondsPerEpoch)),
  };
}
