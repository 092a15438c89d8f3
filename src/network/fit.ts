// The training loop: epochs, early stopping on a validation metric, and a checkpoint from which a killed
// training continues as if nothing had happened (batches and masks follow from seed, epoch and step).

import { readKept, writeKept } from '../formats/kept-file.ts';
import type { NamedTensor } from '../formats/safetensors.ts';
import { isThere } from '../named-file.ts';
import type { Progress } from '../progress.ts';
import type { Feeds } from '../tensor/session.ts';
import type { Values } from './scope.ts';
import type { Trainer } from './trainer.ts';

/**
 * The batches of an epoch, in parts where they are large, each made when its turn comes: an array will do
 * where they are few.
 */
export type Batches = Iterable<Feeds | readonly Feeds[]> & { readonly length: number };

/** One batch out of each group, in their order. */
export function batchOfEach<Group>(
  groups: readonly Group[],
  make: (group: Group) => Feeds | readonly Feeds[],
): Batches {
  return {
    length: groups.length,
    *[Symbol.iterator]() {
      for (const group of groups) yield make(group);
    },
  };
}

export interface FitOptions {
  readonly trainer: Trainer;
  /** The batches of an epoch (0-based): the same ones whenever it is asked again. */
  readonly batches: (epoch: number) => Batches;
  readonly epochs: number;
  /** Learning rate of a step (0-based) of `total`. */
  readonly learningRate: (step: number, total: number) => number;
  /** Validation metric, higher is better; without it the last values win. */
  readonly evaluate?: (values: Values) => Promise<number>;
  /** Stops after this many epochs without a better metric, ... */
  readonly patience?: number;
  /** ... and no sooner than after so many steps: an epoch of few users is a few steps. */
  readonly patientSteps?: number;
  /** File to continue from, and to write to after an epoch and at the end; the caller's to remove. */
  readonly checkpoint?: string;
  /** Shortest time between two checkpoints; 10 s by default. */
  readonly checkpointEveryMs?: number;
  readonly progress: Progress;
  readonly name: string;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  readonly metric?: number;
  /** Training time of this epoch, without its evaluation. */
  readonly seconds: number;
}

export interface FitResult {
  /** The best epoch's values (the last one's without `evaluate`). */
  readonly values: Values;
  readonly bestEpoch: number;
  readonly bestMetric: number;
  readonly history: readonly EpochRecord[];
}

export async function fit(options: FitOptions): Promise<FitResult> {
  const { trainer, epochs, evaluate, checkpoint, checkpointEveryMs = 10_000 } = options;
  const history: EpochRecord[] = [];
  let best: Values = trainer.values();
  let bestEpoch = -1;
  let bestMetric = Number.NEGATIVE_INFINITY;
  const kept = checkpoint && isThere(checkpoint) ? await readKept(checkpoint) : undefined;
  if (kept) {
    const { tensors, metadata } = kept;
    trainer.restore(withPrefix(tensors, 'state/'), Number(metadata.steps));
    best = new Map([...best, ...withPrefix(tensors, 'best/')]);
    bestEpoch = Number(metadata.bestEpoch);
    bestMetric = Number(metadata.bestMetric);
    history.push(...(JSON.parse(metadata.history) as EpochRecord[]));
  }
  const perEpoch = options.batches(0).length;
  const total = perEpoch * epochs;
  const patience = Math.max(options.patience ?? epochs, Math.ceil((options.patientSteps ?? 0) / perEpoch));
  const bar = options.progress.start(options.name, total);
  bar.advance(history.length * perEpoch);
  let lastCheckpoint = Date.now();

  for (let epoch = history.length; epoch < epochs && epoch - Math.max(bestEpoch, 0) <= patience; epoch++) {
    const batches = options.batches(epoch);
    const began = performance.now();
    let lossSum = 0;
    for (const batch of batches) {
      lossSum += await trainer.step(batch, options.learningRate(trainer.steps, total));
      bar.advance(1);
    }
    const seconds = (performance.now() - began) / 1000;
    const loss = lossSum / batches.length;
    const metric = await evaluate?.(trainer.values());
    history.push({ epoch, loss, metric, seconds });
    if (metric === undefined || metric > bestMetric) {
      best = trainer.values();
      bestEpoch = epoch;
      bestMetric = metric ?? Number.NaN;
    }
    bar.advance(
      0,
      metric === undefined
        ? `loss ${loss.toFixed(3)}`
        : `loss ${loss.toFixed(3)}, validation ${metric.toFixed(4)} (best ${bestMetric.toFixed(4)})`,
    );
    if (checkpoint && Date.now() - lastCheckpoint >= checkpointEveryMs) {
      writeCheckpoint(checkpoint, trainer, best, { bestEpoch, bestMetric, history });
      lastCheckpoint = Date.now();
    }
  }
  bar.done(`epoch ${history.length}, best ${bestEpoch + 1}`);
  // Whoever is killed between here and keeping the result finds the training finished.
  if (checkpoint) writeCheckpoint(checkpoint, trainer, best, { bestEpoch, bestMetric, history });
  return { values: best, bestEpoch, bestMetric, history };
}

function writeCheckpoint(
  file: string,
  trainer: Trainer,
  best: Values,
  record: { bestEpoch: number; bestMetric: number; history: readonly EpochRecord[] },
): void {
  const tensors = new Map<string, NamedTensor>();
  const state = trainer.state();
  for (const [name, tensor] of state) tensors.set(`state/${name}`, tensor);
  // What is frozen is as it was before the training.
  for (const [name, tensor] of best) if (state.has(name)) tensors.set(`best/${name}`, tensor);
  writeKept(file, tensors, {
    steps: String(trainer.steps),
    bestEpoch: String(record.bestEpoch),
    bestMetric: String(record.bestMetric),
    history: JSON.stringify(record.history),
  });
}

function withPrefix(tensors: ReadonlyMap<string, NamedTensor>, prefix: string): Values {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
