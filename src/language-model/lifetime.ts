// How long a model can be asked: until its release, which ends what is under way.
import { TslrecError } from '../errors.ts';

export interface Lifetime {
  /** The caller's signal, if any, and that of the model's end; throws when one has aborted. */
  signalWith(caller: AbortSignal | undefined): AbortSignal;
  end(): void;
}

export function createLifetime(name: string): Lifetime {
  const lifetime = new AbortController();
  return {
    signalWith(caller) {
      const signal = caller ? AbortSignal.any([lifetime.signal, caller]) : lifetime.signal;
      signal.throwIfAborted();
      return signal;
    },
    end: () =>
      lifetime.abort(new TslrecError('unavailable', `${name} was released: open it again to ask it.`)),
  };
}
