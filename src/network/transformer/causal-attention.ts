// Attention of decoders: each position sees itself and what stands before it, or only the nearest part of
// that. Legend: B texts, K heads of keys and values, G heads of queries for each of them, L tokens, h width
// of a head.

import { add, concatenate, minimum, multiply, reshape, slice, subtract } from '../../tensor/functions.ts';
import type { Graph, Tensor } from '../../tensor/graph.ts';
import { attention } from '../layers.ts';
import type { Scope } from '../scope.ts';

/**
 * Scores computed at once: all those of a text of 32,000 tokens would fill dozens of gigabytes. Fewer than 64
 * queries at a time would make graphs of a million operations of the longest texts.
 */
const SCORES_AT_ONCE = 2 ** 26;
const LEAST_QUERIES = 64;
const MOST_QUERIES = 1024;
/** The keys that parts of the queries see begin and end at so many places: each pair of them is a copy. */
const MOST_STRETCHES = 8;

const queriesAtOnce = (heads: number, L: number): number =>
  Math.max(LEAST_QUERIES, Math.min(MOST_QUERIES, Math.floor(SCORES_AT_ONCE / (heads * L))));

/**
 * q [B, K * G, L, h], k, v [B, K, L, h] -> [B, K * G, L, h]; heads of queries share keys and values
 * (grouped-query attention, Ainslie et al., arXiv 2305.13245) in the order of a Hugging Face folder. A window
 * of w shows the w nearest positions, one's own among them (Mistral, arXiv 2310.06825, section 2).
 */
export function causalAttention(scope: Scope, q: Tensor, k: Tensor, v: Tensor, window = Infinity): Tensor {
  const [B, heads, L, h] = q.shape;
  const K = k.shape[1];
  // Transposing five dimensions takes longer than four.
  const grouped = K < heads;
  const queries = grouped ? reshape(q, [B, K, heads / K, L, h]) : q;
  const [keys, values] = grouped ? [k, v].map((x) => reshape(x, [B, K, 1, L, h])) : [k, v];
  const axis = queries.shape.length - 2;
  const parts: Tensor[] = [];
  const step = queriesAtOnce(heads, L);
  const stride = step * Math.ceil(L / (MOST_STRETCHES * step));
  const ranges = new Map<string, Tensor[]>();
  for (let from = 0; from < L; from += step) {
    const to = Math.min(L, from + step);
    const first = stride * Math.floor(Math.max(0, from - window + 1) / stride);
    const end = Math.min(L, stride * Math.ceil(to / stride));
    const range = `${first} ${end}`;
    if (!ranges.has(range))
      ranges.set(
        range,
        [keys, values].map((x) => slice(x, axis, first, end)),
      );
    const [seenKeys, seenValues] = ranges.get(range)!;
    const mask = causalMask(scope.graph, { from, to, first, end, window });
    parts.push(attention(scope, slice(queries, axis, from, to), seenKeys, seenValues, mask, 0));
  }
  return reshape(parts.length === 1 ? parts[0] : concatenate(parts, axis), q.shape);
}

/**
 * Query i of from..to, key j of first..end: 0 where j <= i and i - j < window, a large negative number
 * elsewhere. Computed in the graph from two rows of positions, because as a constant a long text's mask is
 * larger than an ONNX file may be.
 */
function causalMask(
  graph: Graph,
  { from, to, first, end, window }: { from: number; to: number; first: number; end: number; window: number },
): Tensor {
  const range = (start: number, count: number, shape: readonly number[]) =>
    graph.constant(
      Float32Array.from({ length: count }, (_, i) => start + i),
      shape,
    );
  const distance = subtract(
    range(from, to - from, [to - from, 1]),
    range(first, end - first, [1, end - first]),
  ); // i - j
  const ahead = minimum(distance, 0);
  const beyond = first === 0 && to <= window ? undefined : minimum(subtract(window - 1, distance), 0);
  return multiply(beyond ? add(ahead, beyond) : ahead, 1e9);
}
