// A run of peer_train.py, the training and the ranking in PyTorch.
import { type Failure, MEASURED_WITH } from './processes.ts';
import { runTorch } from './torch.ts';

/** What of its line is used here. */
export interface PeerResult {
  readonly users: number;
  readonly epochSeconds: readonly number[];
  readonly test: { readonly 'ndcg@10': number };
  readonly rankingSeconds: number;
  readonly peakMegabytes: number;
  readonly version: string;
}

/** Its options by name. */
export function trainPeer(options: Readonly<Record<string, string | number>>): PeerResult | Failure {
  const named = Object.entries({ ...options, threads: MEASURED_WITH.threads });
  return runTorch(
    'peer_train.py',
    named.flatMap(([name, value]) => [`--${name}`, `${value}`]),
  );
}
