// Seeded random numbers, so that the same seed gives the same result everywhere. Every consumer derives its
// own stream by name: adding a draw in one place then changes nothing elsewhere.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  integer(bound: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Fisher-Yates, in place; returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T;
  /** An independent stream, determined by this stream's seed and the name. */
  fork(name: string | number): Random;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded through a string hash. */
export function createRandom(seed: string | number): Random {
  const [s0, s1, s2] = hash3(String(seed));
  let a = s0;
  let b = s1;
  let c = s2;
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();
  const random: Random = {
    next,
    integer: (bound) => Math.floor(next() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle: (values) => {
      for (let i = values.length - 1; i > 0; i--) {
        const j = random.integer(i + 1);
        [values[i], values[j]] = [values[j], values[i]];
      }
      return values;
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
  return random;
}

/** Three 32-bit hashes of a string (FNV-1a with a murmur finaliser, three offsets). */
function hash3(text: string): [number, number, number] {
  const one = (offset: number) => {
    let h = 2166136261 ^ offset;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    return (h ^ (h >>> 16)) | 0;
  };
  return [one(0), one(0x9e3779b9), one(0x85ebca6b)];
}
