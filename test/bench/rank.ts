// Ranking a whole test set in the whole catalogue, SASRec with L 200: ours and PyTorch's, after the same training of one
// epoch each, since what a model has learnt does not change how long it takes.
//   --data DIR  items.jsonl and interactions.csv, such as ml-1m
import { existsSync } from 'node:fs';
import { type Measurement, round, runOurs, runTorch } from './processes.ts';

const LENGTH = '200';

export function benchmarkRanking({ data }: { readonly data?: string }): object {
  if (data === undefined || !existsSync(data))
    throw new Error(`--data ${data ?? 'is missing'}: name a folder with ml-1m`);
  const ours = runOurs<Measurement>('rank-ours.ts', [data, LENGTH]);
  const torch = runTorch<{ rankingSeconds: number; version: string }>('peer_train.py', [
    ...['--data', data, '--model', 'sasrec', '--length', LENGTH, '--seed', '1', '--epochs', '0'],
  ]);
  const peer = torch && { milliseconds: 1000 * torch.rankingSeconds, version: torch.version };
  console.table([{ engine: 'tslrec', ...ours }, ...(peer ? [{ engine: 'torch', ...peer }] : [])]);
  return { ...ours, ...(peer && { peer, ratio: round(peer.milliseconds / ours.milliseconds) }) };
}
