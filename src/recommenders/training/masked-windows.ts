// Sequences -> windows of the Cloze task: some items are hidden behind a mask and asked for (BERT4Rec, arXiv
// 1904.06690, section 3.6). Legend: N items, L positions.
import type { Random } from '../../random.ts';
import { type BatchRow, cut, type Window } from './batches.ts';

/** The rows behind the catalogue's in the table of tokens. */
export const maskToken = (itemCount: number): number => itemCount;
export const paddingToken = (itemCount: number): number => itemCount + 1;

/**
 * All items of a sequence in windows of L, of which a share is hidden, and its last window again with only
 * the last item hidden, as when the model is asked for what comes next.
 */
export function maskedWindows(
  sequences: readonly Int32Array[],
  L: number,
  maskedShare: number,
  itemCount: number,
): Window[] {
  const mask = maskToken(itemCount);
  return sequences.flatMap((sequence) => {
    const windows = cut(sequence.length, L)
      .map(([start, length]) => ({
        sequence,
        start,
        length,
        items: sequence.subarray(start, start + length),
      }))
      .filter(({ length }) => length > 1);
    return [
      ...windows.slice(0, 1).map(({ items, ...window }) => ({
        ...window,
        targets: 1,
        row: () => maskedRow(items, [window.length - 1], mask),
      })),
      ...windows.map(({ items, ...window }) => {
        const targets = Math.max(1, Math.round(maskedShare * window.length));
        return {
          ...window,
          targets,
          row: (random: Random) =>
            maskedRow(items, random.shuffle(Array.from(items.keys())).slice(0, targets), mask),
        };
      }),
    ];
  });
}

function maskedRow(whole: Int32Array, asked: readonly number[], mask: number): BatchRow {
  const items = Int32Array.from(whole);
  for (const i of asked) items[i] = mask;
  return { items, asked, targets: Int32Array.from(asked, (i) => whole[i]) };
}
