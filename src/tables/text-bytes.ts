// The bytes of a text file as UTF-8, however it was saved: plain, gzip or Zstandard, which its first bytes
// tell, whatever its name is; with or without a byte order mark; UTF-16 where such a mark says so. What is no
// text is named. Bytes that are no UTF-8 in a text without a mark pass as they are: what to make of them is
// the caller's.
import type { FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { TslrecError } from '../errors.ts';
import { openNamedFile } from '../named-file.ts';
import { bytesRead } from './bytes-read.ts';
import { markedUtf16, notText } from './not-text.ts';
import { UnreadableTable } from './unreadable-table.ts';
import { ZstdError, zstdFrames } from './zstd-frames.ts';

/** Throws 'bad-data' where there is no text to read; the sentence begins with the path. */
export async function* textBytes(path: string): AsyncGenerator<Buffer> {
  const { handle } = await openNamedFile(path);
  let form: Form | undefined;
  try {
    form = await compressedForm(handle);
    const file = handle.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES, autoClose: false });
    let told = 0;
    for await (const chunk of asUtf8(form ? form.unpack(file) : file)) {
      bytesRead.publish(file.bytesRead - told);
      told = file.bytesRead;
      yield chunk;
    }
  } catch (error) {
    const got = whatIsWrong(error as NodeJS.ErrnoException, form);
    // A failed read does not say of which.
    if (got === undefined) throw Object.assign(error as Error, { path });
    const message = `${path}: got ${got}.`;
    if (error instanceof NoText) throw new TslrecError('bad-data', message, { cause: error });
    throw new UnreadableTable(message, { cause: error });
  } finally {
    await handle.close();
  }
}

/** The first characters of a text file: as many as its first chunk has. Throws as textBytes does. */
export async function firstText(path: string): Promise<string> {
  for await (const chunk of textBytes(path)) return chunk.toString();
  return '';
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

interface Form {
  readonly name: string;
  /** What such a file begins with. */
  readonly marks: readonly string[];
  readonly unpack: (file: Readable) => AsyncIterable<Buffer>;
}

const OPTIONS = { chunkSize: CHUNK_BYTES };
const FORMS: readonly Form[] = [
  {
    name: 'gzip',
    marks: ['\x1f\x8b'],
    unpack: (file) => pipeline(file, createGunzip(OPTIONS), () => {}),
  },
  {
    name: 'Zstandard',
    // A frame, or one of 16 that are passed over.
    marks: ['\x28\xb5\x2f\xfd', ...Array.from('PQRSTUVWXYZ[\\]^_', (first) => `${first}\x2a\x4d\x18`)],
    unpack: (file) => pipeline(Readable.from(zstdFrames(file)), createZstdDecompress(OPTIONS), () => {}),
  },
];

async function compressedForm(file: FileHandle): Promise<Form | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  const head = buffer.toString('latin1', 0, bytesRead);
  return FORMS.find(({ marks }) => marks.some((mark) => head.startsWith(mark)));
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

function whatIsWrong(error: NodeJS.ErrnoException, form: Form | undefined): string | undefined {
  const { code = '', message } = error;
  if (error instanceof NoText) return message;
  if (code === 'ZSTD_error_frameParameter_windowTooLarge')
    return (
      'a Zstandard file that takes more than 128 MiB of memory to unpack, expected less; compress it again ' +
      'without --long and --ultra'
    );
  if (/^Z(STD)?_/.test(code) || error instanceof ZstdError)
    return `a damaged ${form!.name} file (${message}), expected a complete one; copy it again`;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return 'damaged UTF-16 (half a character), expected text; save it again, as UTF-8';
  return undefined;
}
