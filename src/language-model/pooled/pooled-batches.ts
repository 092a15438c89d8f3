// Texts of uneven length -> rectangular batches whose hidden states are averaged over the real tokens.
// Legend: B texts, L tokens.
import { invariant } from '../../errors.ts';

export interface PooledBatch extends Record<string, Int32Array | Float32Array> {
  /**
   * Token ids [B, L]; 0 behind the text, where causality or the mask that follows from `pool` keeps them from
   * being seen.
   */
  readonly tokens: Int32Array;
  /** 1 / length at a text's tokens, 0 behind [B, 1, L]: pooled = pool x hidden. An empty text gives zeros. */
  readonly pool: Float32Array;
}

/** No text is longer than L. */
export function pooledBatch(texts: readonly Int32Array[], B: number, L: number): PooledBatch {
  const tokens = new Int32Array(B * L);
  const pool = new Float32Array(B * L);
  texts.forEach((text, b) => {
    invariant(text.length <= L, `a text of ${text.length} tokens is in a batch of ${L}`);
    tokens.set(text, b * L);
    pool.fill(1 / text.length, b * L, b * L + text.length);
  });
  return { tokens, pool };
}

/** The longest text, rounded up to a multiple of 16, at most `limit`. */
export function batchLength(texts: readonly Int32Array[], limit: number): number {
  const longest = texts.reduce((length, text) => Math.max(length, text.length), 1);
  return Math.min(limit, Math.ceil(longest / 16) * 16);
}

/**
 * 16, 24, 32, 48, 64, 96 ... up to the limit, which is the last: no text is padded by more than half its
 * length above 16.
 */
export function readingLengths(limit: number): number[] {
  const lengths: number[] = [];
  for (let length = 16; length < limit; length *= 2) lengths.push(length, length * 1.5);
  return [...lengths.filter((length) => length < limit), limit];
}

/** A quarter, half and all of L in multiples of 16, rising: short texts then cost what they are long. */
export function bucketLengths(L: number): number[] {
  return [...new Set([4, 2, 1].map((part) => Math.ceil(L / part / 16) * 16))].map((length) =>
    Math.min(length, L),
  );
}

/**
 * Blocks of at most rows(length) texts that fit one bucket, the shortest that holds them; in the order of the
 * buckets. No text is longer than the last.
 */
export function inBuckets<T extends { readonly tokens: Int32Array }>(
  texts: readonly T[],
  rows: (length: number) => number,
  lengths: readonly number[],
): { readonly length: number; readonly block: readonly T[] }[] {
  const bucketOf = ({ tokens }: T) => lengths.find((length) => tokens.length <= length)!;
  const buckets = Map.groupBy(texts, bucketOf);
  return lengths.flatMap((length) =>
    inBlocks(buckets.get(length) ?? [], rows(length)).map((block) => ({ length, block })),
  );
}

export function inBlocks<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) =>
    values.slice(i * size, (i + 1) * size),
  );
}
