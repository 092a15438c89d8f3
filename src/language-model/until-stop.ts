// Cuts a stream of text where a stop text begins.

/**
 * The pieces up to the first stop text, which may be spread over several of them. The end of what has come is
 * held back while it may be the beginning of one.
 */
export async function* untilStop(
  pieces: AsyncIterable<string>,
  stops: readonly string[],
): AsyncGenerator<string, void> {
  let held = '';
  for await (const piece of pieces) {
    held += piece;
    const end = firstStop(held, stops);
    const safe = end ?? held.length - beginningOfStop(held, stops);
    if (safe > 0) yield held.slice(0, safe);
    if (end !== undefined) return;
    held = held.slice(safe);
  }
  if (held !== '') yield held;
}

function firstStop(text: string, stops: readonly string[]): number | undefined {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return found.length > 0 ? Math.min(...found) : undefined;
}

/** The length of the longest end of the text with which a stop text begins. */
function beginningOfStop(text: string, stops: readonly string[]): number {
  const lengthFor = (stop: string) => {
    let length = Math.min(text.length, stop.length - 1);
    while (!text.endsWith(stop.slice(0, length))) length--;
    return length;
  };
  return Math.max(0, ...stops.map(lengthFor));
}
