// A clock that stands still until somebody sleeps: waits of minutes take no time and can be counted.
import type { Clock } from '../../src/language-model/retry.ts';

export interface FakeClock extends Clock {
  /** Every wait so far, in milliseconds. */
  readonly waits: readonly number[];
  advance(ms: number): void;
}

export function fakeClock(): FakeClock {
  const waits: number[] = [];
  let now = Date.parse('2026-01-01T00:00:00Z');
  return {
    waits,
    now: () => now,
    advance(ms) {
      now += ms;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      waits.push(ms);
      now += ms;
    },
  };
}
