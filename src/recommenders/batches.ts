// Sequences -> batches of the training on next items, and of ranking. Legend: B sequences, L positions, R positions
// that have a target.
//
// Sequences are aligned at the start and padded behind, so that under a causal mask no real position can see
// padding and no padding mask is needed. A history longer than L is cut into windows of L from its end, so that
// all of it is learnt from. The loss is computed for real positions only: `forward` names the R rows of the
// flattened [B * L] hidden states that have a target, `backward` is its inverse.
import type { Random } from '../random.ts';

export interface BatchShape {
  readonly batchSize: number;
  readonly length: number;
  /** R: rows that the loss has room for. A batch takes sequences until it has B of them or R is full. */
  readonly positions: number;
}

/** Feeds of one training step. */
export interface TrainingBatch extends Record<string, Int32Array | Float32Array> {
  /** Inputs [B, L]; the padding where there is none. */
  readonly items: Int32Array;
  readonly forward: Int32Array;
  readonly backward: Int32Array;
  /** Right items [R]; 0 with weight 0 where there is none. */
  readonly targets: Int32Array;
  /** 1 / (number of targets), or 0 [R]. */
  readonly weights: Float32Array;
}

/** `length` items of a sequence from `start` on, of which `targets` are asked for in a step. */
export interface Window {
  readonly sequence: Int32Array;
  readonly start: number;
  readonly length: number;
  readonly targets: number;
  /** The row of a batch that it becomes; what is asked for may be drawn anew each time. */
  row(random: Random): BatchRow;
}

/** A row of a batch: at most L inputs, and at which of them which item is right. */
export interface BatchRow {
  readonly items: Int32Array;
  readonly asked: readonly number[];
  readonly targets: Int32Array;
}

/** Every item but a sequence's last is an input once, and the item after it its target. */
export function nextItemWindows(sequences: readonly Int32Array[], L: number): Window[] {
  return sequences.flatMap((sequence) =>
    cut(sequence.length - 1, L).map(([start, length]) => ({
      sequence,
      start,
      length,
      targets: length,
      row: () => ({
        items: sequence.subarray(start, start + length),
        asked: Array.from({ length }, (_, i) => i),
        targets: sequence.subarray(start + 1, start + length + 1),
      }),
    })),
  );
}

/** [start, length] of the windows of L that cover `count` items, from the end on. */
export function cut(count: number, L: number): [start: number, length: number][] {
  const windows: [number, number][] = [];
  for (let end = count; end > 0; end -= L) windows.push([Math.max(0, end - L), Math.min(L, end)]);
  return windows;
}

/**
 * `batchSize` windows, or fewer where they are long: at most about `positionsPerStep` real positions, since long histories
 * in large batches make few updates an epoch (docs/LOG.md). The loss has room for the average batch and a tenth
 * more, so that few batches are cut short and little is computed in vain.
 */
export function chooseBatchShape(
  windows: readonly Window[],
  { batchSize, positionsPerStep }: { readonly batchSize: number; readonly positionsPerStep: number },
  length: number,
): BatchShape {
  const average = (of: 'length' | 'targets') => windows.reduce((sum, window) => sum + window[of], 0) / windows.length;
  const B = Math.max(1, Math.min(batchSize, windows.length, Math.round(positionsPerStep / average('length'))));
  return {
    batchSize: B,
    length,
    positions: Math.min(B * length, Math.max(length, Math.ceil(1.1 * average('targets') * B))),
  };
}

/** All windows once, in a random order, as many at a time as the shape has room for. */
export function* packWindows(
  windows: readonly Window[],
  { batchSize, positions }: BatchShape,
  random: Random,
): Generator<readonly Window[]> {
  const order = random.shuffle(Array.from(windows.keys()));
  for (let next = 0; next < order.length; ) {
    const taken: Window[] = [];
    for (let room = positions; next < order.length && taken.length < batchSize; next++) {
      const window = windows[order[next]];
      room -= window.targets;
      if (room < 0) break;
      taken.push(window);
    }
    yield taken;
  }
}

export function fillBatch(
  rows: readonly BatchRow[],
  { batchSize: B, length: L, positions: R }: BatchShape,
  padding = 0,
): TrainingBatch {
  const items = new Int32Array(B * L).fill(padding);
  const forward = new Int32Array(R).fill(B * L);
  const backward = new Int32Array(B * L).fill(R);
  const targets = new Int32Array(R);
  const weights = new Float32Array(R);
  const count = rows.reduce((sum, { asked }) => sum + asked.length, 0);
  let r = 0;
  rows.forEach((row, b) => {
    items.set(row.items, b * L);
    row.asked.forEach((i, n) => {
      targets[r] = row.targets[n];
      weights[r] = 1 / count;
      forward[r] = b * L + i;
      backward[b * L + i] = r;
      r++;
    });
  });
  return { items, forward, backward, targets, weights };
}

/** Feeds of one inference step. */
export interface HistoryBatch extends Record<string, Int32Array> {
  /** [B, L]; 0 behind. */
  readonly items: Int32Array;
  /** Each row's last position [B]: its hidden state answers the query. */
  readonly last: Int32Array;
}

/** The last L items of each history, `mask` behind them where one is given. */
export function historyBatch(
  histories: readonly Int32Array[],
  L: number,
  padding = 0,
  mask: readonly number[] = [],
): HistoryBatch {
  const items = new Int32Array(histories.length * L).fill(padding);
  const last = Int32Array.from(histories, (history, b) => {
    const shown = Math.min(history.length, L - mask.length);
    items.set(history.subarray(history.length - shown), b * L);
    items.set(mask, b * L + shown);
    return Math.max(0, shown + mask.length - 1);
  });
  return { items, last };
}
