// A bound on how long each part of a request may take, together with the caller's own signal.

export interface Deadline {
  /** Aborts with the caller's reason, or when a part takes too long. */
  readonly signal: AbortSignal;
  readonly expired: boolean;
  /** Runs one part; only the time in it counts. */
  within<T>(part: () => Promise<T>): Promise<T>;
}

export function createDeadline(ms: number, caller: AbortSignal): Deadline {
  const expiry = new AbortController();
  return {
    signal: AbortSignal.any([caller, expiry.signal]),
    get expired() {
      return expiry.signal.aborted;
    },
    async within(part) {
      const timer = setTimeout(() => expiry.abort(), ms);
      try {
        return await part();
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
