// The bytes of a text file as UTF-8, however it was saved: plain, gzip or Zstandard, which its first bytes
// tell, whatever its name is; with or without a byte order mark; UTF-16 where such a mark says so. What is no
// text is named. Bytes that are no UTF-8 in a text without a mark pass as they are: what to make of them is
// the caller's.
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { TslrecError } from '../errors.ts';
import { openNamedFile } from '../named-file.ts';
import { markedUtf16, notText } from './not-text.ts';

/** Throws 'bad-data' where there is no text to read; the sentence begins with the path. */
export async function* textBytes(path: string): AsyncGenerator<Buffer> {
  const { handle } = await openNamedFile(path);
  try {
    const decompress = await decompressor(handle);
    const file = handle.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES, autoClose: false });
    yield* asUtf8(decompress ? pipeline(file, decompress({ chunkSize: CHUNK_BYTES }), () => {}) : file);
  } catch (error) {
    const got = whatIsWrong(error as NodeJS.ErrnoException);
    // A failed read does not say of which.
    if (got === undefined) throw Object.assign(error as Error, { path });
    throw new TslrecError('bad-data', `${path}: got ${got}.`, { cause: error });
  } finally {
    await handle.close();
  }
}

/** Whether the bytes that textBytes gives of a file are UTF-8 from beginning to end. */
export async function isUtf8File(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isWhole = (decode: () => string) => {
    try {
      decode();
      return true;
    } catch {
      return false;
    }
  };
  for await (const chunk of textBytes(path))
    if (!isWhole(() => decoder.decode(chunk, { stream: true }))) return false;
  return isWhole(() => decoder.decode());
}

const CHUNK_BYTES = 1 << 16;

/** What a compressed file begins with. */
const COMPRESSED = [
  ['\x1f\x8b', createGunzip],
  ['\x28\xb5\x2f\xfd', createZstdDecompress],
] as const;

async function decompressor(file: FileHandle) {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  const head = buffer.toString('latin1', 0, bytesRead);
  return COMPRESSED.find(([bytes]) => head.startsWith(bytes))?.[1];
}

/** What a file has in the place of text, and what to do about it. */
class NoText extends Error {}

async function* asUtf8(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let decoder: TextDecoder | undefined;
  let isHead = true;
  for await (const chunk of headFirst(chunks)) {
    if (isHead) {
      const got = notText(chunk.subarray(0, HEAD_BYTES));
      if (got !== undefined) throw new NoText(got);
      decoder = utf16Decoder(chunk);
    }
    if (decoder) yield Buffer.from(decoder.decode(chunk, { stream: true }));
    else yield isHead && chunk.indexOf(UTF8_MARK) === 0 ? chunk.subarray(UTF8_MARK.length) : chunk;
    isHead = false;
  }
  if (decoder) yield Buffer.from(decoder.decode());
}

/** A tar archive is known by bytes from 257 on; text of another encoding shows itself within a few lines. */
const HEAD_BYTES = 4096;

/** The same bytes, with at least HEAD_BYTES in the first chunk where there are as many. */
async function* headFirst(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    yield head;
    head = undefined;
  }
  if (head !== undefined) yield head;
}

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Strict, and without the mark that says which of the two it is. */
function utf16Decoder(head: Buffer): TextDecoder | undefined {
  const encoding = markedUtf16(head);
  return encoding && new TextDecoder(encoding, { fatal: true });
}

function whatIsWrong(error: NodeJS.ErrnoException): string | undefined {
  const { code = '', message } = error;
  if (error instanceof NoText) return message;
  if (code.startsWith('Z_'))
    return `a damaged gzip file (${message}), expected a complete one; copy it again`;
  if (code.startsWith('ZSTD_'))
    return `a damaged Zstandard file (${message}), expected a complete one; copy it again`;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return 'damaged UTF-16 (half a character), expected text; save it again, as UTF-8';
  return undefined;
}
