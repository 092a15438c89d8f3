// The bytes of a Zstandard file, cut where its frames end (RFC 8878, section 3.1). node:zlib reads one frame
// after the other only where none shares a chunk with the next: what stands behind the end of a frame in its
// chunk is dropped without a word, as is what stands behind each frame but the last of `zstd a b`.

const FRAME = 0xfd2fb528;
/** The last four bits are anything; the bytes in such a frame are nobody's data. */
const SKIPPABLE = 0x184d2a50;

/** Throws what is wrong with it where no frame begins where one has to, and where the last one has no end. */
export async function* zstdFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new Frames();
  for await (const chunk of chunks) {
    let from = 0;
    for (const end of frames.endsIn(chunk)) {
      yield chunk.subarray(from, end);
      from = end;
    }
    if (from < chunk.length) yield chunk.subarray(from);
  }
  if (!frames.isComplete) throw new ZstdError('unexpected end of file');
}

export class ZstdError extends Error {}

type Part = 'mark' | 'descriptor' | 'length' | 'block' | 'rest';

/** Goes through a file part by part: what tells a length is looked at, all else passed over. */
class Frames {
  #part: Part = 'mark';
  /** Of what tells a length: so many bytes, and those that are there. */
  #wanted = 4;
  #bytes: number[] = [];
  /** Before that. */
  #passOver = 0;
  #hasChecksum = false;

  get isComplete(): boolean {
    return this.#part === 'mark' && this.#bytes.length === 0;
  }

  endsIn(chunk: Buffer): number[] {
    const ends: number[] = [];
    for (let at = 0; at < chunk.length; ) {
      const passed = Math.min(this.#passOver, chunk.length - at);
      at += passed;
      this.#passOver -= passed;
      if (this.#passOver > 0) break;
      if (this.#part === 'rest') {
        ends.push(at);
        this.#next('mark', 4);
      }
      while (at < chunk.length && this.#bytes.length < this.#wanted) this.#bytes.push(chunk[at++]);
      if (this.#bytes.length === this.#wanted) this.#next(...this.#behind(Buffer.from(this.#bytes)));
    }
    if (this.#part === 'rest' && this.#passOver === 0) {
      ends.push(chunk.length);
      this.#next('mark', 4);
    }
    return ends;
  }

  #next(part: Part, wanted: number, passOver = 0): void {
    [this.#part, this.#wanted, this.#bytes, this.#passOver] = [part, wanted, [], passOver];
  }

  /** What comes behind bytes that tell it. */
  #behind(bytes: Buffer): [part: Part, wanted: number, passOver?: number] {
    if (this.#part === 'mark') {
      const mark = bytes.readUInt32LE();
      if (mark === FRAME) return ['descriptor', 1];
      if ((mark & ~0xf) === SKIPPABLE) return ['length', 4];
      throw new ZstdError('something else behind its end');
    }
    if (this.#part === 'length') return ['rest', 0, bytes.readUInt32LE()];
    if (this.#part === 'descriptor') {
      const [descriptor] = bytes;
      const isSingleSegment = (descriptor & 0x20) > 0;
      this.#hasChecksum = (descriptor & 0x04) > 0;
      const windowBytes = isSingleSegment ? 0 : 1;
      const dictionaryBytes = [0, 1, 2, 4][descriptor & 3];
      const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6];
      return ['block', 3, windowBytes + dictionaryBytes + sizeBytes];
    }
    const header = bytes.readUIntLE(0, 3);
    const isRepeated = ((header >> 1) & 3) === 1; // one byte, so many times
    const length = isRepeated ? 1 : header >> 3;
    const isLast = (header & 1) === 1;
    return isLast ? ['rest', 0, length + (this.#hasChecksum ? 4 : 0)] : ['block', 3, length];
  }
}
