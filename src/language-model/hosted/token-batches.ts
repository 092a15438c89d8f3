// Which texts go into one request: neighbours, bounded in number and in tokens.

export interface TextRange {
  readonly start: number;
  readonly count: number;
}

export interface TextBounds {
  readonly texts: number;
  readonly tokens: number;
}

/**
 * In the order of the texts. One that exceeds the bound on tokens by itself goes alone: the server cuts it.
 */
export function tokenBatches(texts: readonly string[], bounds: TextBounds): TextRange[] {
  const batches: TextRange[] = [];
  let start = 0;
  let tokens = 0;
  texts.forEach((text, i) => {
    const more = estimatedTokens(text);
    if (i > start && (i - start === bounds.texts || tokens + more > bounds.tokens)) {
      batches.push({ start, count: i - start });
      start = i;
      tokens = 0;
    }
    tokens += more;
  });
  if (texts.length > start) batches.push({ start, count: texts.length - start });
  return batches;
}

/**
 * Without the model's tokenizer: a token for every three UTF-8 bytes, and two that frame the text. English
 * has four bytes a token and Chinese three, so that a request rarely holds more tokens than this says.
 */
export function estimatedTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3) + 2;
}
