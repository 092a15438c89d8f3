// Sequences -> batches of the training on next items, and of ranking. Legend: B sequences, L positions, P
// places for items in a batch, R positions that have a target.
//
// Sequences are aligned at the start and padded behind, so that under a causal mask no real position can see
// padding and no padding mask is needed. A history longer than L is cut into windows of L from its end, so
// that all of it is learnt from. Padding costs time and teaches nothing. So where few windows are long, a
// batch has few long rows and many short ones. The loss is computed for real positions only: `forward` names
// the R of the P hidden states that have a target, `backward` is its inverse.
import type { Random } from '../../random.ts';

/** Rows of a batch with the same room. */
export interface Bucket {
  readonly rows: number;
  readonly length: number;
}

export interface BatchShape {
  /** One bucket, or one for long windows and one for the others. */
  readonly buckets: readonly Bucket[];
  /**
   * R: rows that the loss has room for. A batch takes windows until no row is left for the next, or R is
   * full.
   */
  readonly positions: number;
}

/** P: the places for items of all rows. */
export const placesOf = ({ buckets }: Pick<BatchShape, 'buckets'>): number =>
  buckets.reduce((sum, { rows, length }) => sum + rows * length, 0);

export const batchSizeOf = ({ buckets }: Pick<BatchShape, 'buckets'>): number =>
  buckets.reduce((sum, { rows }) => sum + rows, 0);

/** Feeds of one training step. */
export interface TrainingBatch extends Record<string, Int32Array | Float32Array> {
  /** Inputs [P], row after row, the long bucket first; the padding where there is none. */
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
 * `batchSize` windows, or fewer where they are long: at most about `positionsPerStep` real positions, since
 * long histories in large batches make few updates an epoch (docs/LOG.md). The loss has room for the average
 * batch and a tenth more: few batches are cut short, and few places stay empty.
 */
export function chooseBatchShape(
  windows: readonly Window[],
  { batchSize, positionsPerStep }: { readonly batchSize: number; readonly positionsPerStep: number },
): BatchShape {
  const average = (of: 'length' | 'targets') =>
    windows.reduce((sum, window) => sum + window[of], 0) / windows.length;
  const B = Math.max(
    1,
    Math.min(batchSize, windows.length, Math.round(positionsPerStep / average('length'))),
  );
  const buckets = chooseBuckets(windows, B);
  const room = Math.max(buckets[0].length, Math.ceil(1.1 * average('targets') * B));
  const positions = Math.min(placesOf({ buckets }), room);
  return { buckets, positions };
}

/** What two buckets have to spare, of all places, to be worth computing everything in two parts. */
const WORTH_SPARING = 0.25;

/**
 * B rows with the fewest places, where hardly any batch of these windows has more long ones than there are
 * long rows.
 */
function chooseBuckets(windows: readonly Window[], B: number): BatchShape['buckets'] {
  const counts = countLengths(windows);
  const longest = counts.length - 1;
  let best: BatchShape['buckets'] = [{ rows: B, length: longest }];
  let fewest = (1 - WORTH_SPARING) * B * longest;
  let longer = windows.length;
  for (let short = 1; short < longest; short++) {
    longer -= counts[short];
    const share = longer / windows.length;
    const rows = Math.ceil(B * share + 3 * Math.sqrt(B * share * (1 - share))); // mean and three deviations
    const places = rows * longest + (B - rows) * short;
    if (rows >= B || places >= fewest) continue;
    fewest = places;
    best = [
      { rows, length: longest },
      { rows: B - rows, length: short },
    ];
  }
  return best;
}

/** How many windows have each length, from 0 to the longest. */
function countLengths(windows: readonly Window[]): number[] {
  const counts: number[] = [];
  for (const { length } of windows) {
    while (counts.length <= length) counts.push(0);
    counts[length]++;
  }
  return counts;
}

/**
 * All windows once, in a random order, as many at a time as the shape has room for; of these the longest
 * first.
 */
export function* packWindows(
  windows: readonly Window[],
  shape: BatchShape,
  random: Random,
): Generator<readonly Window[]> {
  const [long, short = long] = shape.buckets;
  const B = batchSizeOf(shape);
  const order = random.shuffle(Array.from(windows.keys()));
  for (let next = 0; next < order.length; ) {
    const taken: Window[] = [];
    let room = shape.positions;
    let longRows = long.rows;
    for (; next < order.length && taken.length < B; next++) {
      const window = windows[order[next]];
      room -= window.targets;
      if (window.length > short.length) longRows--;
      if (room < 0 || longRows < 0) break;
      taken.push(window);
    }
    yield taken.sort((one, other) => other.length - one.length);
  }
}

/** The longest rows come first, as in the shape. */
export function fillBatch(rows: readonly BatchRow[], shape: BatchShape, padding = 0): TrainingBatch {
  const R = shape.positions;
  const P = placesOf(shape);
  const items = new Int32Array(P).fill(padding);
  const forward = new Int32Array(R).fill(P);
  const backward = new Int32Array(P).fill(R);
  const targets = new Int32Array(R);
  const weights = new Float32Array(R);
  const count = rows.reduce((sum, { asked }) => sum + asked.length, 0);
  const places = shape.buckets.flatMap(({ rows, length }) => Array<number>(rows).fill(length));
  let place = 0;
  let r = 0;
  rows.forEach((row, b) => {
    if (row.items.length > places[b]) {
      throw new Error(
        `internal: row ${b} of a batch has room for ${places[b]} items, got ${row.items.length}`,
      );
    }
    items.set(row.items, place);
    row.asked.forEach((i, n) => {
      targets[r] = row.targets[n];
      weights[r] = 1 / count;
      forward[r] = place + i;
      backward[place + i] = r;
      r++;
    });
    place += places[b];
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
