// What is read of a text that has more tokens than the limit: the one rule.
//
//   prompt    its end, where a history has the newest items. The first token stays where it alone becomes the
//             vector ([CLS]).
//   sentence  its beginning and the special tokens that close it, as sentence-transformers reads it.
import type { Pooling } from './pooling.ts';

export type TextKind = 'prompt' | 'sentence';

export function cutPrompt(tokens: Int32Array, limit: number, pooling: Pooling): Int32Array {
  if (tokens.length <= limit) return tokens;
  const cut = tokens.slice(tokens.length - limit);
  if (pooling === 'cls') cut[0] = tokens[0];
  return cut;
}

/** `closing` is how many special tokens a text ends with. */
export function cutSentence(tokens: Int32Array, limit: number, closing: number): Int32Array {
  if (tokens.length <= limit) return tokens;
  const kept = Math.min(limit, closing);
  const cut = tokens.slice(0, limit);
  cut.set(tokens.subarray(tokens.length - kept), limit - kept);
  return cut;
}
