// Sequences -> training batches. Legend: B sequences, L positions, R real positions of a batch, -: padding.
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
  /** Inputs [B, L]; 0 where there is none. */
  readonly items: Int32Array;
  readonly forward: Int32Array;
  readonly backward: Int32Array;
  /** Next items [R]; 0 with weight 0 where there is none. */
  readonly targets: Int32Array;
  /** 1 / (number of real positions), or 0 [R]. */
  readonly weights: Float32Array;
}

/** A window: `length` inputs from `start` on, each with the item after it as its target. */
interface Window {
  readonly sequence: Int32Array;
  readonly start: number;
  readonly length: number;
}

export function trainingWindows(sequences: readonly Int32Array[], length: number): Window[] {
  const windows: Window[] = [];
  for (const sequence of sequences) {
    for (let end = sequence.length - 1; end > 0; end -= length) {
      const start = Math.max(0, end - length);
      windows.push({ sequence, start, length: end - start });
    }
  }
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
  const average = windows.reduce((sum, window) => sum + window.length, 0) / Math.max(1, windows.length);
  const B = Math.max(1, Math.min(batchSize, windows.length, Math.round(positionsPerStep / average)));
  return { batchSize: B, length, positions: Math.min(B * length, Math.max(length, Math.ceil(1.1 * average * B))) };
}

/** All windows once, in a random order. */
export function trainingBatches(windows: readonly Window[], shape: BatchShape, random: Random): TrainingBatch[] {
  const order = random.shuffle(Array.from(windows.keys()));
  const batches: TrainingBatch[] = [];
  for (let next = 0; next < order.length; ) {
    const taken: Window[] = [];
    let positions = 0;
    while (next < order.length && taken.length < shape.batchSize) {
      const window = windows[order[next]];
      if (positions + window.length > shape.positions) break;
      positions += window.length;
      taken.push(window);
      next++;
    }
    batches.push(fillBatch(taken, positions, shape));
  }
  return batches;
}

function fillBatch(
  windows: readonly Window[],
  count: number,
  { batchSize, length, positions }: BatchShape,
): TrainingBatch {
  const items = new Int32Array(batchSize * length);
  const forward = new Int32Array(positions).fill(batchSize * length);
  const backward = new Int32Array(batchSize * length).fill(positions);
  const targets = new Int32Array(positions);
  const weights = new Float32Array(positions);
  let r = 0;
  windows.forEach((window, b) => {
    for (let i = 0; i < window.length; i++) {
      const position = b * length + i;
      items[position] = window.sequence[window.start + i];
      targets[r] = window.sequence[window.start + i + 1];
      weights[r] = 1 / count;
      forward[r] = position;
      backward[position] = r;
      r++;
    }
  });
  return { items, forward, backward, targets, weights };
}

/** Feeds of one inference step. */
export interface HistoryBatch extends Record<string, Int32Array> {
  /** The last L items of each history [B, L]; 0 behind. */
  readonly items: Int32Array;
  /** The row of the flattened [B * L] hidden states that holds each history's last position [B]. */
  readonly last: Int32Array;
}

/** Histories in blocks of B; the last block is filled up with repeats of an empty history. */
export function* historyBatches(
  histories: readonly Int32Array[],
  batchSize: number,
  length: number,
): Generator<HistoryBatch> {
  for (let from = 0; from < histories.length; from += batchSize) {
    const items = new Int32Array(batchSize * length);
    const last = Int32Array.from({ length: batchSize }, (_, b) => b * length);
    histories.slice(from, from + batchSize).forEach((history, b) => {
      const recent = history.subarray(Math.max(0, history.length - length));
      items.set(recent, b * length);
      last[b] += Math.max(0, recent.length - 1);
    });
    yield { items, last };
  }
}
