// Text files line by line: plain or gzip by name, UTF-8 or latin-1, with or without a byte order mark, LF or
// CRLF. Every format here is one record a line; that keeps a broken row local (a stray quotation mark cannot
// swallow the rows after it) and lets a message name the line and show it as it was written.
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { TslrecError } from '../errors.ts';

export type Encoding = 'utf8' | 'latin1';

/** Calls `onLine` with each line that is not blank, without its line end, and its 1-based number. */
export async function forEachLine(
  path: string,
  encoding: Encoding,
  onLine: (text: string, line: number) => void,
): Promise<void> {
  let line = 0;
  let rest = '';
  const emit = (text: string) => {
    line++;
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const start = line === 1 && text.startsWith('\uFEFF') ? 1 : 0;
    const content = text.slice(start, end);
    if (content.trim() !== '') onLine(content, line);
  };
  const consume = async (chunks: AsyncIterable<Uint8Array>) => {
    const decoder = new TextDecoder(encoding === 'utf8' ? 'utf-8' : 'latin1', { ignoreBOM: true });
    for await (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop()!;
      for (const text of lines) emit(text);
    }
    rest += decoder.decode();
    if (rest !== '') emit(rest);
  };
  try {
    if (path.endsWith('.gz')) await pipeline(createReadStream(path), createGunzip(), consume);
    else await pipeline(createReadStream(path), consume);
  } catch (error) {
    if (!isGzipError(error)) throw Object.assign(error as Error, { path }); // that of a folder does not say it
    throw new TslrecError(
      'bad-data',
      `${basename(path)}: got a damaged gzip file (${error.message}) after line ${line}, expected a ` +
        'complete one; copy it again',
      { cause: error },
    );
  }
}

function isGzipError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
