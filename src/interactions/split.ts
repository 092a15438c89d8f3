// Leave-one-out, the field's usual protocol (SASRec, arXiv 1808.09781, section 4.1): a user's last item is for the
// test, the one before it for validation, all earlier ones for training.
import type { Split } from './dataset.ts';

/** A user with fewer than three interactions gives all of them to training, and -1 stands for the held-out items. */
export function leaveOneOut(sequences: readonly Int32Array[]): Split {
  const isSplit = (sequence: Int32Array) => sequence.length >= 3;
  return {
    train: sequences.map((sequence) => (isSplit(sequence) ? sequence.subarray(0, -2) : sequence)),
    validation: Int32Array.from(sequences, (sequence) => (isSplit(sequence) ? sequence.at(-2)! : -1)),
    test: Int32Array.from(sequences, (sequence) => (isSplit(sequence) ? sequence.at(-1)! : -1)),
  };
}
