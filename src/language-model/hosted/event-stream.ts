// Server-sent events: the text/event-stream of the HTML standard, section 9.2.

export interface EventLimit {
  readonly mostCharacters: number;
  /** The error of an event that is longer. */
  readonly tooLong: () => Error;
}

/** The data of each event; the bytes may come in any pieces. Comments and other fields are passed over. */
export async function* eventData(
  bytes: AsyncIterable<Uint8Array>,
  { mostCharacters, tooLong }: EventLimit,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  let length = 0;
  for await (const piece of bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('data:')) {
        data.push(line.slice('data:'.length).replace(/^ /, ''));
        length += line.length;
      }
      if (line !== '' || data.length === 0) continue;
      yield data.join('\n');
      data = [];
      length = 0;
    }
    if (length + rest.length > mostCharacters) throw tooLong();
  }
}
