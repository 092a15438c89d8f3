// Text files line by line: UTF-8 or, where that is asked for, latin-1; LF, CRLF or CR. Most formats here are
// one record a line; that keeps a broken row local (a stray quotation mark cannot swallow the rows after it)
// and lets a message name the line and show it as it was written.
import { isUtf8 } from 'node:buffer';
import { TslrecError } from '../errors.ts';
import { textBytes } from './text-bytes.ts';

/**
 * Called with each line that is not blank, without its line end, and its 1-based number. Where `isWhole` is
 * false the line has bytes that are no UTF-8, which stand in `text` as U+FFFD.
 */
export type OnLine = (text: string, line: number, isWhole: boolean) => void;

/** A longer line is no record, and would fill the memory: a gzip file of 33 kB can hold one of 33 MB. */
const LONGEST_LINE_MIB = 16;
const [LF, CR] = [0x0a, 0x0d];

export type Encoding = 'utf8' | 'latin1';

/** Throws 'bad-data' where the file is no text (textBytes) or has a line of more than 16 MiB. */
export async function forEachLine(path: string, onLine: OnLine, encoding?: Encoding): Promise<void> {
  let line = 0;
  for await (const { texts, isWhole } of lineBatches(path, encoding)) {
    for (const [i, text] of texts.entries()) {
      line++;
      if (!isBlank(text)) onLine(text, line, isWhole?.[i] ?? true);
    }
  }
}

/** The first lines that are not blank; fewer where the file has no more. Throws as forEachLine does. */
export async function firstLines(path: string, count: number, encoding?: Encoding): Promise<string[]> {
  const found: string[] = [];
  for await (const { texts } of lineBatches(path, encoding)) {
    found.push(...texts.filter((text) => !isBlank(text)).slice(0, count - found.length));
    if (found.length === count) break;
  }
  return found;
}

/** What ends a line to some programs and not here, by what it is called. */
const OTHER_ENDS = [
  ['a vertical tab', '\v'],
  ['NEL (U+0085)', '\x85'],
  ['U+2028', '\u2028'],
  ['U+2029', '\u2029'],
] as const;

export const otherLineEnd = (text: string): string | undefined =>
  OTHER_ENDS.find(([, end]) => text.includes(end))?.[0];

const isBlank = (text: string) => text.trim() === '';

/** Some lines, one after the other. */
interface LineBatch {
  readonly texts: readonly string[];
  /** Of each line; absent where all are. */
  readonly isWhole?: readonly boolean[];
}

async function* lineBatches(path: string, encoding: Encoding = 'utf8'): AsyncGenerator<LineBatch> {
  const latin1 = encoding === 'latin1' ? new TextDecoder('latin1') : undefined;
  const toBatch = (bytes: Buffer): LineBatch => {
    if (latin1) return { texts: cut(latin1.decode(bytes)) };
    if (isUtf8(bytes)) return { texts: cut(bytes.toString()) };
    const ofLines = cut(bytes.toString('latin1')).map((text) => Buffer.from(text, 'latin1'));
    return { texts: ofLines.map((line) => line.toString()), isWhole: ofLines.map((line) => isUtf8(line)) };
  };

  /** Of a line whose end is still to come, joined once it is there. */
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let afterCr = false;
  let line = 1;
  for await (const bytes of textBytes(path)) {
    const chunk = afterCr && bytes[0] === LF ? bytes.subarray(1) : bytes; // the second half of a CRLF
    if (bytes.length > 0) afterCr = bytes.at(-1) === CR;
    const end = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR)) + 1;
    if (end > 0) {
      const batch = toBatch(Buffer.concat([...begun, chunk.subarray(0, end)]));
      [begun, begunBytes] = [[], 0];
      line += batch.texts.length;
      yield batch;
    }
    begun.push(chunk.subarray(end));
    begunBytes += chunk.length - end;
    if (begunBytes > LONGEST_LINE_MIB * 2 ** 20)
      throw new TslrecError(
        'bad-data',
        `${path}:${line}: got a line of more than ${LONGEST_LINE_MIB} MiB, expected one record a line; ` +
          'end each with a line end.',
      );
  }
  yield toBatch(Buffer.concat(begun));
}

/** The lines of a text that ends with one: nothing stands behind the last line end. */
function cut(text: string): string[] {
  const lines = (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
