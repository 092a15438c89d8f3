// How a hosted model is asked, whatever it is asked for:
//   limit (so many at a time) -> retry (bounded, with waits) -> circuit breaker -> one exchange under its
//   deadline.
import type { Random } from '../../random.ts';
import { LanguageModelError } from '../language-model-error.ts';
import { createLifetime, type Lifetime } from '../lifetime.ts';
import { type Clock, type Patience, type Retrying, retry } from '../retry.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createExchange, type HttpRequest, RefusedArguments } from './exchange.ts';
import { createLimit } from './limit.ts';
import {
  createHostedRequests,
  type HostedAddress,
  type HostedRequests,
  OPTIONAL,
  type OptionalArgument,
} from './requests.ts';

export interface ClientLimits extends Patience {
  /** Requests under way at a time. */
  readonly concurrency: number;
  /**
   * For a whole answer; of a stream, for its head and then for each event, and ten times that for all of it.
   */
  readonly deadlineMs: number;
  /**
   * How long the server is left alone once as many requests have failed in a row as all under way may use up.
   */
  readonly coolDownMs: number;
}

export interface HostedClient {
  /** What errors call the model. */
  readonly name: string;
  json(make: MakeRequest, signal: AbortSignal): Promise<unknown>;
  /**
   * Under way until the last event, or until the reader leaves; only what fails before the first event is
   * tried again.
   */
  events(make: MakeRequest, signal: AbortSignal): AsyncGenerator<unknown, void>;
  readonly signalWith: Lifetime['signalWith'];
  readonly refuse: Refuse;
  close(): void;
}

/** Made anew for each try: it may have to be looked up where the model is served. */
export type MakeRequest = (requests: HostedRequests) => Promise<HttpRequest>;

/** Makes the error of an answer that cannot be used: "gave ...", and what to do. */
export type Refuse = (complaint: string, advice: string) => LanguageModelError;

export function createHostedClient(
  address: HostedAddress,
  { limits, clock, random }: { limits: ClientLimits; clock: Clock; random: Random },
): HostedClient {
  const { concurrency, tries, coolDownMs, deadlineMs } = limits;
  const name = `The language model ${address.model}`;
  const leftOut = new Set<OptionalArgument>();
  const requests = createHostedRequests(address, { name, deadlineMs, leftOut });
  const bareRequests = createHostedRequests(address, { name, deadlineMs, leftOut: new Set(OPTIONAL) });
  const exchange = createExchange({ name, accessToken: address.accessToken, deadlineMs, clock });
  const limit = createLimit(concurrency);
  const breaker = createCircuitBreaker({ name, failuresToOpen: concurrency * tries, coolDownMs, clock });
  const lifetime = createLifetime(name);

  const retried = <T>(once: () => Promise<T>, signal: AbortSignal) =>
    retry(once, { patience: limits, passing: ofServer, clock, random, signal });

  /** Each argument is left out once, so that this ends. */
  async function accepted<T>(send: () => Promise<T>, onNamed?: () => void): Promise<T> {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof RefusedArguments && error.isNamed)) throw error;
      onNamed?.();
      return accepted(send, onNamed);
    }
  }

  /**
   * A refusal that names no argument may be for the sake of one, in whatever words: what is refused for good
   * is sent once more without any of them. If that fails too, the first refusal is told.
   */
  async function json(make: MakeRequest, signal: AbortSignal): Promise<unknown> {
    const leave = await limit(signal);
    let isNamed = false;
    const send = (from: HostedRequests) =>
      breaker.run(() =>
        accepted(
          async () => exchange.json(await make(from), signal),
          () => {
            isNamed = true;
          },
        ),
      );
    try {
      return await retried(() => send(requests), signal);
    } catch (refusal) {
      if (!(refusal instanceof RefusedArguments) || isNamed) throw refusal;
      const answer = await send(bareRequests).catch(() => {
        signal.throwIfAborted();
        throw refusal;
      });
      for (const name of OPTIONAL) leftOut.add(name);
      return answer;
    } finally {
      leave();
    }
  }

  /** The circuit hears of a stream when it is over, whether it failed at its head or in the middle. */
  async function begin(make: MakeRequest, signal: AbortSignal) {
    const ended = breaker.admit();
    try {
      const stream = await accepted(async () => exchange.events(await make(requests), signal));
      return { stream, ended };
    } catch (error) {
      ended(error);
      throw error;
    }
  }

  async function* events(make: MakeRequest, signal: AbortSignal): AsyncGenerator<unknown, void> {
    const leave = await limit(signal);
    let failure: unknown;
    try {
      const { stream, ended } = await retried(() => begin(make, signal), signal);
      try {
        yield* stream;
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        ended(failure);
      }
    } finally {
      leave();
    }
  }

  return {
    name,
    json,
    events,
    signalWith: lifetime.signalWith,
    refuse: (complaint, advice) =>
      new LanguageModelError(
        'bad-response',
        `${name} ${complaint}, so nothing of this answer is used: ${advice}.`,
      ),
    close: lifetime.end,
  };
}

/** Only failures of the server are tried again. */
const ofServer: Retrying['passing'] = (error) =>
  error instanceof LanguageModelError && error.isServerFailure ? error : undefined;
