// Keeps requests from a server that is down (Nygard, Release It!): after n failures one after the other none
// is sent until a cool-down is over; then a single one is tried, and its outcome opens or closes the circuit.
import { LanguageModelError } from '../language-model-error.ts';
import type { Clock } from '../retry.ts';

export interface CircuitBreaker {
  /**
   * Throws with the reason `circuit-open` while the circuit is open; gives what is to be told how it went,
   * once.
   */
  admit(): (error?: unknown) => void;
  /** The same around a piece of work, which is not started while the circuit is open. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createCircuitBreaker(options: {
  readonly name: string;
  readonly failuresToOpen: number;
  readonly coolDownMs: number;
  readonly clock: Clock;
}): CircuitBreaker {
  const { name, failuresToOpen, coolDownMs, clock } = options;
  let failures = 0;
  let openUntil = 0;
  let probing = false;

  function settle(error?: unknown): void {
    if (error === undefined) failures = 0;
    if (!(error instanceof LanguageModelError)) return; // a caller's abort says nothing about the server
    failures = error.isServerFailure ? failures + 1 : 0;
    if (failures >= failuresToOpen) openUntil = clock.now() + coolDownMs;
  }

  function admit(): (error?: unknown) => void {
    const isProbe = failures >= failuresToOpen;
    const wait = openUntil - clock.now();
    if (isProbe && (probing || wait > 0)) throw circuitOpen(name, failures, Math.max(0, wait));
    if (isProbe) probing = true;
    return (error) => {
      settle(error);
      if (isProbe) probing = false;
    };
  }

  return {
    admit,
    async run(work) {
      const ended = admit();
      try {
        const result = await work();
        ended();
        return result;
      } catch (error) {
        ended(error);
        throw error;
      }
    },
  };
}

function circuitOpen(name: string, failures: number, waitMs: number): LanguageModelError {
  return new LanguageModelError(
    'circuit-open',
    `${name} was not asked, because its last ${failures} requests failed: it is tried again in ` +
      `${Math.ceil(waitMs / 1000)} s; see to its server until then.`,
  );
}
