// A prompt as tokens: never empty, never longer than the model reads.
import type { Tokenizer } from '../tokenizer.ts';

export interface PromptLimits {
  /** Its special tokens stand in the text already. */
  readonly bare?: boolean;
  /** What stands for a text without a token. */
  readonly begin: number | undefined;
  /** A longer prompt loses its beginning. */
  readonly maxTokens: number;
}

export async function promptTokens(
  tokenizer: Tokenizer,
  text: string,
  { bare, begin, maxTokens }: PromptLimits,
): Promise<Int32Array> {
  const [tokens] = await tokenizer.encode([text], { bare });
  return tokens.length === 0 ? Int32Array.of(begin ?? 0) : tokens.subarray(-maxTokens);
}
