// Sequences -> batches of the Cloze task: some items are hidden behind a mask and asked for (BERT4Rec, arXiv 1904.06690,
// section 3.6). Legend: N items, L positions.
import type { Random } from '../random.ts';
import {
  type BatchRow,
  type BatchShape,
  cut,
  fillBatch,
  packWindows,
  type TrainingBatch,
  type Window,
} from './batches.ts';

/** The rows behind the catalogue's in the table of tokens. */
export const maskToken = (itemCount: number): number => itemCount;
export const paddingToken = (itemCount: number): number => itemCount + 1;

interface MaskedWindow extends Window {
  /** Whether only its last item is hidden, as when the model is asked for what comes next. */
  readonly lastOnly: boolean;
}

/** All items of a sequence in windows of L, and its last window again with the last item hidden. */
export function maskedWindows(sequences: readonly Int32Array[], L: number, maskedShare: number): MaskedWindow[] {
  return sequences.flatMap((sequence) => {
    const windows = cut(sequence.length, L).map(([start, length]) => ({ sequence, start, length }));
    return [
      ...windows.slice(0, 1).map((window) => ({ ...window, targets: 1, lastOnly: true })),
      ...windows.map((window) => ({
        ...window,
        targets: Math.max(1, Math.round(maskedShare * window.length)),
        lastOnly: false,
      })),
    ].filter(({ length }) => length > 1);
  });
}

export function maskedBatches(
  windows: readonly MaskedWindow[],
  shape: BatchShape,
  random: Random,
  itemCount: number,
): TrainingBatch[] {
  return Array.from(packWindows(windows, shape, random), (taken) =>
    fillBatch(
      taken.map((window) => maskedRow(window, random, maskToken(itemCount))),
      shape,
      paddingToken(itemCount),
    ),
  );
}

function maskedRow(
  { sequence, start, length, targets, lastOnly }: MaskedWindow,
  random: Random,
  mask: number,
): BatchRow {
  const whole = sequence.subarray(start, start + length);
  const positions = Array.from(whole.keys());
  const asked = lastOnly ? positions.slice(-1) : random.shuffle(positions).slice(0, targets);
  const items = Int32Array.from(whole);
  for (const i of asked) items[i] = mask;
  return { items, asked, targets: Int32Array.from(asked, (i) => whole[i]) };
}
