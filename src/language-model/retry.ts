// Trying again what may work later: a bounded number of times, after waits that grow and are drawn at random,
// so that clients that failed together do not come back together ("full jitter": Brooker, Exponential Backoff
// And Jitter, AWS Architecture Blog 2015).
import { setTimeout } from 'node:timers/promises';
import type { Random } from '../random.ts';

export interface Clock {
  /** Milliseconds since 1970, never running backwards. */
  now(): number;
  /** Rejects with the signal's reason once that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  sleep: (ms, signal) =>
    setTimeout(ms, undefined, { signal }).catch(() => {
      throw signal?.reason;
    }),
};

export interface Patience {
  readonly tries: number;
  /** The first wait is at most this long, each further one at most twice as long as the one before. */
  readonly backoffMs: number;
  /** No wait is longer; a server that asks for more has failed. */
  readonly longestWaitMs: number;
}

export interface Retrying {
  readonly patience: Patience;
  /** Whether what failed may work another time, and how long the server wants to be left alone before. */
  readonly passing: (error: unknown) => { readonly retryAfterMs?: number } | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal;
}

/** Throws what the last try failed with. */
export async function retry<T>(
  work: () => Promise<T>,
  { patience, passing, clock, random, signal }: Retrying,
): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await work();
    } catch (error) {
      const pause = passing(error);
      if (pause === undefined || failed === patience.tries) throw error;
      if ((pause.retryAfterMs ?? 0) > patience.longestWaitMs) throw error;
      await clock.sleep(waitAfter(failed, pause.retryAfterMs, patience, random), signal);
    }
  }
}

/** Never less than what the server asks for. */
function waitAfter(
  failed: number,
  retryAfterMs: number | undefined,
  patience: Patience,
  random: Random,
): number {
  if (retryAfterMs !== undefined) return retryAfterMs + random.next() * patience.backoffMs;
  return random.next() * Math.min(patience.longestWaitMs, patience.backoffMs * 2 ** (failed - 1));
}

/** The header's two forms (RFC 9110, 10.2.3): seconds, which some servers give with decimals, or a date. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
