// At most so many pieces of work at a time; the others wait in the order in which they came.

/** Takes a place, and gives what leaves it again. */
export type Limit = (signal: AbortSignal) => Promise<() => void>;

export function createLimit(most: number): Limit {
  const waiting: (() => void)[] = [];
  let running = 0;

  function turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      const place = waiting.indexOf(resolve);
      if (place < 0) return;
      waiting.splice(place, 1);
      reject(signal.reason);
    };
    waiting.push(resolve);
    signal.addEventListener('abort', leave);
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  return async (signal) => {
    signal.throwIfAborted();
    if (running === most) await turn(signal);
    else running++;
    return () => {
      // The place is handed on, so that nobody who comes in between takes it.
      const next = waiting.shift();
      if (next) next();
      else running--;
    };
  };
}
