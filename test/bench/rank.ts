// Ranking a whole test set in the whole catalogue, SASRec with L 200: ours and PyTorch's, untrained, since what a model
// has learnt does not change how long it takes.
//   --data DIR  items.jsonl and interactions.csv, such as ml-1m
import { existsSync } from 'node:fs';
import { fastestOfRounds, type Measurement, round, runOurs, runTorch } from './processes.ts';

const LENGTH = '200';

export function benchmarkRanking({ data }: { readonly data?: string }): object {
  if (data === undefined || !existsSync(data))
    throw new Error(`--data ${data ?? 'is missing'}: name a folder with ml-1m`);
  const peerParameters = ['--data', data, '--model', 'sasrec', '--length', LENGTH, '--seed', '1', '--epochs', '0'];
  const { ours, torch } = fastestOfRounds({
    ours: () => runOurs<Measurement>('rank-ours.ts', [data, LENGTH]),
    torch: () => {
      const result = runTorch<{ rankingSeconds: number; version: string }>('peer_train.py', peerParameters);
      return result && { milliseconds: 1000 * result.rankingSeconds, version: result.version };
    },
  });
  console.table([{ engine: 'tslrec', ...ours }, ...(torch ? [{ engine: 'torch', ...torch }] : [])]);
  return { ...ours, ...(torch && { peer: torch, ratio: round(torch.milliseconds / ours.milliseconds) }) };
}
