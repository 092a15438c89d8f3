// A language model behind HTTP: an Inference Provider, a dedicated endpoint or a server of one's own. What
// comes back is used only when it passes every check; no answer is used in part.
import { createRandom, type Random } from '../../random.ts';
import type { LanguageModel } from '../language-model.ts';
import { type Clock, systemClock } from '../retry.ts';
import { createHostedClassify } from './classify.ts';
import { type ClientLimits, createHostedClient } from './client.ts';
import { createHostedEmbed } from './embed.ts';
import { createHostedGenerate } from './generate.ts';
import type { HostedAddress } from './requests.ts';
import { createHostedScore } from './score.ts';
import type { TextBounds } from './token-batches.ts';

export interface HostedLimits extends ClientLimits {
  readonly perRequest: TextBounds;
}

const LIMITS: HostedLimits = {
  concurrency: 4,
  /** What TEI takes unless it is told otherwise: --max-client-batch-size and --max-batch-tokens. */
  perRequest: { texts: 32, tokens: 16_384 },
  deadlineMs: 60_000,
  tries: 5,
  backoffMs: 1_000,
  longestWaitMs: 60_000,
  coolDownMs: 30_000,
};

export interface HostedModelOptions extends HostedAddress {
  readonly limits?: Partial<HostedLimits>;
  /** The time and the randomness of the waits; given by tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

export function createHostedModel(options: HostedModelOptions): LanguageModel {
  const { clock = systemClock, random = createRandom(crypto.randomUUID()) } = options;
  const limits = { ...LIMITS, ...options.limits };
  const client = createHostedClient(options, { limits, clock, random });
  const workers = limits.concurrency;
  const embed = createHostedEmbed(client, {
    ...{ workers, bounds: limits.perRequest },
    random: random.fork('order'),
  });
  const classify = createHostedClassify(client, { workers });
  return {
    name: options.model,
    embed,
    classify,
    read: readInTwo({ embed }, { classify }),
    generate: createHostedGenerate(client),
    score: createHostedScore(client, { workers }),
    release: async () => client.close(),
  };
}

/** What reads by two requests a text, of one server or of two: vectors, and then distributions. */
export const readInTwo =
  (
    { embed }: Pick<LanguageModel, 'embed'>,
    { classify }: Pick<LanguageModel, 'classify'>,
  ): LanguageModel['read'] =>
  async (texts, options) => ({ ...(await embed(texts, options)), ...(await classify(texts, options)) });
