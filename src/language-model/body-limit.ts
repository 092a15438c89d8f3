// A bound on how much of a body is read, counted behind its decompression: a server, or a gzip of a few
// kilobytes, may have no end.

/**
 * The same bytes; behind `most` of them the stream ends in what `tooLong` makes, and the connection is
 * closed.
 */
export function limited(
  body: ReadableStream<Uint8Array>,
  most: number,
  tooLong: () => Error,
): ReadableStream<Uint8Array> {
  let received = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        received += chunk.length;
        if (received > most) throw tooLong();
        controller.enqueue(chunk);
      },
    }),
  );
}

/** The first `most` bytes as text, and whether there are more, which are not read. */
export async function beginning(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  let received = 0;
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk.subarray(0, most - received), { stream: true });
    received += chunk.length;
    if (received > most) return { text, isCut: true };
  }
  return { text, isCut: false };
}
