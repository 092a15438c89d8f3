// What happens to files on their way: each damage is made from the good bytes, the same at every run, and
// says what of them may still be read. A refusal is right after any damage.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createRandom, type Random } from '../../src/random.ts';

/**
 * What a reading may be beside a refusal:
 * `nothing`     no reading is right
 * `same`        what the good file says
 * `beginning`   its first rows; the last of them may be cut
 * `twice`       its rows, once or twice
 * `one place`   all its rows but one or two
 * `settings`    rows as many and as long, of other numbers
 * `anything`    some rows: the form has nothing that tells right numbers from wrong ones
 */
export type Leaves = 'nothing' | 'same' | 'beginning' | 'twice' | 'one place' | 'settings' | 'anything';

export interface Damage {
  readonly name: string;
  readonly leaves: Leaves;
  /** Puts the damaged file in the place of the good one. */
  readonly apply: (file: string, good: Buffer) => void;
}

/** New bytes in the place of the old. */
export function bytes(
  name: string,
  leaves: Leaves,
  make: (good: Buffer, random: Random) => Buffer | string,
): Damage {
  return {
    name,
    leaves,
    apply: (file, good) => writeFileSync(file, make(Buffer.from(good), createRandom(name))),
  };
}

/** Something else than a file of its own in its place. */
function place(name: string, leaves: Leaves, put: (file: string) => void): Damage {
  return {
    name,
    leaves,
    apply(file) {
      rmSync(file);
      put(file);
    },
  };
}

const cut = (name: string, length: (whole: number) => number): Damage =>
  bytes(`cut to ${name}`, 'beginning', (good) => good.subarray(0, length(good.length)));

const flip = (part: string, where: (length: number) => number, bit: number): Damage =>
  bytes(`bit ${bit} flipped ${part}`, 'one place', (good) => {
    good[Math.floor(where(good.length))] ^= 1 << bit;
    return good;
  });

const RANGE = 12;
export const filled = (value: number, leaves: Leaves): Damage =>
  bytes(`${RANGE} bytes of 0x${value.toString(16)} in the middle`, leaves, (good) =>
    good.fill(value, good.length >> 1, (good.length >> 1) + RANGE),
  );

export const randomBytes = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.integer(256)));

export const MEGABYTE = 2 ** 20;

export const CUT: readonly Damage[] = [
  cut('nothing', () => 0),
  cut('one byte', () => 1),
  cut('half', (whole) => whole >> 1),
  cut('all but the last byte', (whole) => whole - 1),
];

export const FLIPPED: readonly Damage[] = [
  flip('in the first byte', () => 0, 0),
  flip('in the ninth byte', () => 8, 6),
  flip('after a third', (length) => length / 3, 2),
  flip('in the middle', (length) => length / 2, 7),
  flip('after two thirds', (length) => (2 * length) / 3, 4),
  flip('in the last byte', (length) => length - 1, 5),
];

/** Bytes that no such file begins with. */
export const OTHER_FILES: readonly Damage[] = [
  bytes('4 kB at random', 'nothing', (_, random) => randomBytes(random, 4096)),
  bytes(
    'a Git LFS pointer',
    'nothing',
    () =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'0123456789abcdef'.repeat(4)}\nsize 26600\n`,
  ),
  bytes(
    'a page of HTML',
    'nothing',
    () => '<!DOCTYPE html>\n<html>\n<head><title>404</title></head>\n<body>\nNot Found\n</body>\n</html>\n',
  ),
  bytes('a zip archive', 'nothing', (good) =>
    Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1'), gzipSync(good)]),
  ),
  bytes('a Parquet file', 'nothing', (_, random) =>
    Buffer.concat([Buffer.from('PAR1'), randomBytes(random, 500), Buffer.from('PAR1')]),
  ),
];

/** Nothing is unreadable to root. */
const UNREADABLE = place('a file that nobody may read', 'nothing', (file) =>
  writeFileSync(file, '', { mode: 0 }),
);

export const PLACES: readonly Damage[] = [
  place('a folder', 'nothing', (file) => mkdirSync(file)),
  place('a FIFO', 'nothing', (file) => execFileSync('mkfifo', [file])),
  place('/dev/zero', 'nothing', (file) => symlinkSync('/dev/zero', file)),
  place('/dev/null', 'nothing', (file) => symlinkSync('/dev/null', file)),
  place('a link to itself', 'nothing', (file) => symlinkSync(file, file)),
  place('a link to nothing', 'nothing', (file) => symlinkSync(`${file}.not-here`, file)),
  ...(process.getuid?.() === 0 ? [] : [UNREADABLE]),
];

/** Takes no place on the disk, but as much memory as it is long where it is read at once. */
export const GROWN: readonly Damage[] = [
  {
    name: 'with 1.5 GB of zeros behind it',
    leaves: 'same',
    apply(file, good) {
      writeFileSync(file, good);
      const descriptor = openSync(file, 'r+');
      ftruncateSync(descriptor, 1.5 * 2 ** 30);
      closeSync(descriptor);
    },
  },
];

/** Of numbers between others. */
export const FILLED: readonly Damage[] = [filled(0x00, 'one place'), filled(0xff, 'nothing')];
