// What is learnt from, what is chosen on and what is reported: the two protocols of the field. Either way a
// user is asked for one item, from a history that the model may not have been trained on further than
// `train`.
import { TslrecError } from '../errors.ts';
import type { Dataset, NextItems, Split, SplitName } from './dataset.ts';

export const SPLIT_NAMES = ['leave-one-out', 'time'] as const satisfies readonly SplitName[];

/**
 * Throws 'bad-data' where the split leaves nobody to ask: there would be nothing to choose an epoch by, or to
 * report.
 */
export function splitDataset(name: SplitName, dataset: Pick<Dataset, 'name' | 'sequences' | 'times'>): Split {
  const split = name === 'time' ? timeSplit(dataset) : leaveOneOut(dataset.sequences);
  for (const part of ['validation', 'test'] as const) {
    if (split[part].targets.length > 0) continue;
    throw new TslrecError(
      'bad-data',
      `${dataset.name} has nobody to ask for the ${part} by the ${name} split: of ` +
        `${dataset.sequences.length} users none ` +
        (name === 'time'
          ? 'has interactions on both sides of its point in time; use the leave-one-out split, or data of ' +
            'a longer time.'
          : 'has three interactions; give data with longer histories.'),
    );
  }
  return split;
}

/**
 * A user's last item is for the test, the one before it for validation, all earlier ones for training
 * (SASRec, arXiv 1808.09781, section IV-A). A user with fewer than three interactions gives all of them to
 * training.
 */
export function leaveOneOut(sequences: readonly Int32Array[]): Split {
  const isSplit = (sequence: Int32Array) => sequence.length >= 3;
  const asked = Array.from(sequences.keys()).filter((u) => isSplit(sequences[u]));
  const nextItems = (fromEnd: number) =>
    collect(asked.map((u) => [u, sequences[u], sequences[u].length - fromEnd]));
  return {
    name: 'leave-one-out',
    train: sequences.map((sequence) => (isSplit(sequence) ? sequence.subarray(0, -2) : sequence)),
    validation: nextItems(2),
    test: nextItems(1),
  };
}

/** Of all interactions, how many are before the two points in time. */
const TRAINING_SHARE = 0.8;
const VALIDATION_SHARE = 0.9;

/**
 * Two points in time for everybody: training ends at the first, and nothing later is known to it (Ji et al.,
 * arXiv 2010.11060, on what leave-one-out lets through). Asked is each user's first item after the first
 * point, for validation, and after the second, for the test; users without an earlier interaction are not
 * asked.
 */
export function timeSplit({ name, sequences, times }: Pick<Dataset, 'name' | 'sequences' | 'times'>): Split {
  refusePositions(name, times);
  const sorted = concatenated(times).sort();
  const [first, second] = [TRAINING_SHARE, VALIDATION_SHARE].map(
    (share) => sorted[Math.floor(share * sorted.length)],
  );
  const before = (time: number) => times.map((ofUser) => countBefore(ofUser, time));
  const [untilFirst, untilSecond] = [before(first), before(second)];
  const users = Array.from(sequences.keys());
  const asked = (from: readonly number[], to: readonly number[]) =>
    users.filter((u) => from[u] > 0 && to[u] > from[u]).map((u) => [u, sequences[u], from[u]] as const);
  return {
    name: 'time',
    train: sequences.map((sequence, u) => sequence.subarray(0, untilFirst[u])),
    validation: collect(asked(untilFirst, untilSecond)),
    test: collect(
      asked(
        untilSecond,
        sequences.map(({ length }) => length),
      ),
    ),
  };
}

function concatenated(times: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(times.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const ofUser of times) {
    all.set(ofUser, end);
    end += ofUser.length;
  }
  return all;
}

/** Of times that rise. */
function countBefore(times: Float64Array, time: number): number {
  const first = times.findIndex((t) => t >= time);
  return first < 0 ? times.length : first;
}

/**
 * From this share of steps of exactly 1 on, times are positions: the rows that a file lacks make some steps
 * longer.
 */
const POSITIONS_SHARE = 0.9;

function refusePositions(name: string, times: readonly Float64Array[]): void {
  let [steps, ones] = [0, 0];
  for (const ofUser of times) {
    for (let i = 1; i < ofUser.length; i++) {
      steps++;
      if (ofUser[i] - ofUser[i - 1] === 1) ones++;
    }
  }
  if (ones === 0 || ones < POSITIONS_SHARE * steps) return;
  throw new TslrecError(
    'bad-data',
    `${name} has no times to split by: ${ones} of ${steps} timestamps are exactly 1 after the same user's ` +
      'one before, as positions (0, 1, 2, ...) are; use the leave-one-out split',
  );
}

function collect(
  asked: readonly (readonly [user: number, sequence: Int32Array, position: number])[],
): NextItems {
  return {
    users: Int32Array.from(asked, ([user]) => user),
    histories: asked.map(([, sequence, position]) => sequence.subarray(0, position)),
    targets: Int32Array.from(asked, ([, sequence, position]) => sequence[position]),
  };
}
