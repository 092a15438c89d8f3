// What a file is that is no text, told by its first bytes, so that a reader names it instead of the rows that
// it fails to find in it.

/** Which UTF-16 it is, where a byte order mark tells. */
export function markedUtf16(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return undefined;
}

const UNPACK = 'unpack it first';
const CONVERT = 'write its rows as CSV or JSON lines';
const SAVE_AS_UTF8 = 'save it as UTF-8';
const DOWNLOAD = 'download the file itself';

/** What a file is by its first bytes, and what to do with it. */
const FORMATS: readonly (readonly [name: string, todo: string, bytes: string, offset?: number])[] = [
  ['a zip archive (an .xlsx workbook is one)', 'unpack it, or export the workbook as CSV', 'PK\x03\x04'],
  ['an empty zip archive', UNPACK, 'PK\x05\x06'],
  ['a gzip file inside a gzip file', 'unpack it once', '\x1f\x8b'],
  ['a bzip2 file', UNPACK, '1AY&SY', 4],
  ['an xz file', UNPACK, '\xfd7zXZ\0'],
  ['a Zstandard file in a compressed file', 'unpack it once', '\x28\xb5\x2f\xfd'],
  ['an LZ4 file', UNPACK, '\x04\x22\x4d\x18'],
  ['a 7-Zip archive', UNPACK, '7z\xbc\xaf\x27\x1c'],
  ['a RAR archive', UNPACK, 'Rar!\x1a\x07'],
  ['a tar archive', UNPACK, 'ustar\0', 257],
  ['a tar archive', UNPACK, 'ustar  \0', 257],
  ['a zlib stream', 'unpack it first, or pack it with gzip', '\x78\x9c'],
  ['a zlib stream', 'unpack it first, or pack it with gzip', '\x78\xda'],
  ['a zlib stream', 'unpack it first, or pack it with gzip', '\x78\x01'],
  ['a Parquet file', CONVERT, 'PAR1\x15'],
  ['an Arrow file', CONVERT, 'ARROW1\0'],
  ['an Avro file', CONVERT, 'Obj\x01'],
  ['an HDF5 file', CONVERT, '\x89HDF\r\n\x1a\n'],
  ['a NumPy file', CONVERT, '\x93NUMPY'],
  ['a SQLite database', CONVERT, 'SQLite format 3\0'],
  ['an old Excel workbook', 'export it as CSV', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
  ['a PDF document', CONVERT, '%PDF-'],
  ['a Git LFS pointer', 'run `git lfs pull`', 'version https://git-lfs.github.com/spec/'],
  ['UTF-32', SAVE_AS_UTF8, '\xff\xfe\0\0'],
  ['UTF-32', SAVE_AS_UTF8, '\0\0\xfe\xff'],
];

/** What a text in angle brackets is; it may have comments before it. */
function markup(head: string): readonly [name: string, todo: string] | undefined {
  let text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  while (text.startsWith('<!--')) {
    const end = text.indexOf('-->', 4);
    if (end < 0) break;
    text = text.slice(end + 3).trimStart();
  }
  if (/^<(!doctype html|html|head|body)\b/i.test(text)) return ['a web page', DOWNLOAD];
  if (text.startsWith('<!--')) return ['a web page or an XML document', DOWNLOAD];
  return /^<(\?xml|!doctype)\b/i.test(text) ? ['an XML document', CONVERT] : undefined;
}

/** From this share of NUL bytes on it is no text with a stray one, which is its row's affair. */
const NUL_SHARE = 0.05;
/**
 * Of other control characters, but for those that end or part lines and fields somewhere, and those of
 * ISO 2022. Bytes at random are 7 percent such, compressed ones too.
 */
const CONTROL_SHARE = 0.03;
const FEWEST_CONTROLS = 4;
const isControl = (byte: number) =>
  (byte >= 0x04 && byte <= 0x08) || (byte >= 0x10 && byte <= 0x1a) || byte === 0x7f;

/** What is there instead of text and what to do, for a sentence; undefined where it looks like text. */
export function notText(head: Buffer): string | undefined {
  const text = head.toString('latin1');
  const named = FORMATS.find(([, , bytes, offset = 0]) => {
    const found = text.slice(offset, offset + bytes.length);
    return found === bytes || found.toLowerCase() === bytes;
  });
  const expected = 'expected text (CSV or JSON lines, plain, gzip or Zstandard)';
  const [name, todo] = named ?? markup(text) ?? [];
  if (name !== undefined) return `${name}, ${expected}; ${todo}`;
  if (markedUtf16(head)) return undefined;
  const nuls = [0, 0]; // at even and at odd places
  for (const [place, byte] of head.entries()) if (byte === 0) nuls[place % 2]++;
  const [fewer, more] = nuls.sort((a, b) => a - b);
  if (more <= NUL_SHARE * head.length) {
    const controls = head.reduce((count, byte) => count + (isControl(byte) ? 1 : 0), 0);
    if (controls < FEWEST_CONTROLS || controls <= CONTROL_SHARE * head.length) return undefined;
    return `binary data (control characters), ${expected}; ${CONVERT}`;
  }
  return fewer * 10 < more
    ? `UTF-16 without a byte order mark, ${expected}; ${SAVE_AS_UTF8}`
    : `binary data (NUL bytes), ${expected}; ${CONVERT}`;
}
