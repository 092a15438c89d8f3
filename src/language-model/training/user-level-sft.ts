// User-level supervised fine-tuning (TSLRec, arXiv 2406.00333, stage 1): one sample a user, whose prompt
// lists what the user interacted with and whose target is the user's distribution over the latent categories.
// Ours: a linear head on the pooled last hidden states, soft-label cross-entropy, LoRA on all
// projections; prompts in buckets of length. Legend: B prompts, L tokens, H hidden size, K categories.
import { batchOfEach, type EpochRecord, fit } from '../../network/fit.ts';
import { warmupCosine } from '../../network/schedule.ts';
import { buildModel, initialValues, type Model, parameterFeeds, type Values } from '../../network/scope.ts';
import { createTrainer } from '../../network/trainer.ts';
import { checkTargets, isLoraParameter, type LoraConfig } from '../../network/transformer/lora.ts';
import type { Progress } from '../../progress.ts';
import { createRandom } from '../../random.ts';
import { logSoftmax, multiply, sum } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { createSession, type Session } from '../../tensor/session.ts';
import { cutPrompt } from '../pooled/cut-text.ts';
import { batchLength, bucketLengths, inBlocks, inBuckets, pooledBatch } from '../pooled/pooled-batches.ts';
import { pooledInputs } from '../pooled/pooled-reader.ts';
import { HEAD, pooledHead, type TunedModel } from '../pooled/tuned-model.ts';

export interface SftExample {
  readonly tokens: Int32Array;
  /** [K], sums to 1. */
  readonly target: Float32Array;
}

export interface SftOptions {
  readonly lora: LoraConfig;
  readonly categoryCount: number;
  /** Prompts of an update, ... */
  readonly batchSize: number;
  /** ... in parts of at most so many tokens, padding included, by which the memory of a step is bounded. */
  readonly tokensAtOnce: number;
  /** Longest prompt in tokens; the oldest part of a longer one is cut. */
  readonly maxTokens: number;
  readonly epochs: number;
  /** Epochs without a better loss on held-out users before it ends; left out, nobody is held out. */
  readonly patience?: number;
  /** At most this many samples an epoch, drawn anew for each. */
  readonly samplesPerEpoch: number;
  readonly learningRate: number;
  readonly seed: string | number;
  readonly checkpoint?: string;
  readonly progress: Progress;
}

export interface SftResult {
  readonly model: TunedModel;
  /**
   * Cross-entropy on held-out users, in nats, and that of always answering the mean distribution; absent
   * where nobody is held out.
   */
  readonly heldOutLoss?: number;
  readonly meanAnswerLoss?: number;
  /** Up to the best one. */
  readonly epochs: number;
  /** Of the training steps, without validation; padding is no token. */
  readonly tokensPerSecond: number;
  readonly history: readonly EpochRecord[];
}

const HELD_OUT_SHARE = 0.05;

/** Only the adapter and the head learn. */
export const SFT_TRAINING = {
  weightDecay: 0.01,
  clipNorm: 1,
  trainable: (name: string): boolean => name === HEAD || isLoraParameter(name),
};

export interface SftBase extends Pick<TunedModel, 'architecture' | 'pooling'> {
  readonly values: Values;
}

export async function fineTuneOnUsers(
  given: readonly SftExample[],
  { architecture, pooling, values: base }: SftBase,
  options: SftOptions,
): Promise<SftResult> {
  const { lora, categoryCount, batchSize, tokensAtOnce, maxTokens, seed } = options;
  const tuned = { architecture, lora, pooling, categoryCount };
  const examples = given.map(({ tokens, target }) => ({
    tokens: cutPrompt(tokens, maxTokens, pooling),
    target,
  }));
  const random = createRandom(seed);
  const order = random.fork('held-out').shuffle(Array.from(examples.keys()));
  const isValidated = options.patience !== undefined;
  const heldOutCount = !isValidated
    ? 0
    : Math.min(Math.floor(examples.length / 2), Math.max(1, Math.round(HELD_OUT_SHARE * examples.length)));
  const heldOut = order.slice(0, heldOutCount).map((i) => examples[i]);
  const learnt = order.slice(heldOutCount).map((i) => examples[i]);
  const L = batchLength(
    examples.map(({ tokens }) => tokens),
    maxTokens,
  );

  const lengths = bucketLengths(L);
  const rows = (length: number) => Math.max(1, Math.min(batchSize, Math.floor(tokensAtOnce / length)));
  const models = lengths.map((length) => sftModel('training', tuned, rows(length), length));
  checkTargets(models[0].parameters, lora);
  const learning = models[0].parameters.filter(({ name }) => !base.has(name));
  const initial = new Map([...base, ...initialValues(learning, random)]);
  const trainer = await createTrainer(models, initial, {
    seed: `${seed}/dropout`,
    ...SFT_TRAINING,
  });
  const validator = await createValidator(tuned, rows, lengths);
  const result = await fit({
    trainer,
    batches: (epoch) => {
      const draw = random.fork(`epoch/${epoch}`);
      const drawn = draw.shuffle([...learnt]).slice(0, options.samplesPerEpoch);
      const blocks = draw.shuffle(inBuckets(drawn, () => batchSize, lengths));
      return batchOfEach(blocks, ({ block, length }) =>
        inBlocks(block, rows(length)).map((part, _, parts) =>
          sftBatch(part, rows(length), length, categoryCount, block.length / parts.length),
        ),
      );
    },
    epochs: options.epochs,
    patience: options.patience,
    learningRate: warmupCosine(options.learningRate),
    evaluate: isValidated ? async (values) => -(await validator.loss(values, heldOut)) : undefined,
    checkpoint: options.checkpoint,
    progress: options.progress,
    name: 'language model: user SFT',
  });
  await Promise.all([trainer.release(), validator.release()]);
  return {
    model: { ...tuned, values: result.values },
    ...(isValidated && {
      heldOutLoss: -result.bestMetric,
      meanAnswerLoss: meanAnswerLoss(learnt, heldOut, categoryCount),
    }),
    epochs: result.bestEpoch + 1,
    tokensPerSecond: tokensPerSecond(learnt, options, L, result.history),
    history: result.history,
  };
}

/**
 * loss = -sum_b sum_k target[b, k] log softmax(scores)[b, k], target = p / B: the mean KL(p || softmax) up to
 * p's entropy.
 */
export function sftModel(
  mode: 'training' | 'inference',
  tuned: Omit<TunedModel, 'values'>,
  B: number,
  L: number,
): Model<{ readonly loss: Tensor }> {
  return buildModel(mode, (scope) => {
    const { scores } = pooledHead(scope, tuned, pooledInputs(scope, B, L));
    const target = scope.graph.input('target', scores.shape);
    return { loss: multiply(sum(multiply(target, logSoftmax(scores))), -1) };
  });
}

/**
 * Targets are divided by the number of examples, so that the loss of a short batch is a mean as well; those
 * of a part by the mean number of its batch's parts, over whose losses the trainer takes the mean.
 */
export function sftBatch(
  examples: readonly SftExample[],
  B: number,
  L: number,
  K: number,
  divisor: number = examples.length,
) {
  const target = new Float32Array(B * K);
  examples.forEach((example, b) => {
    for (let k = 0; k < K; k++) target[b * K + k] = example.target[k] / divisor;
  });
  return {
    ...pooledBatch(
      examples.map(({ tokens }) => tokens),
      B,
      L,
    ),
    target,
  };
}

async function createValidator(
  tuned: Omit<TunedModel, 'values'>,
  rows: (length: number) => number,
  lengths: readonly number[],
) {
  const models = lengths.map((L) => sftModel('inference', tuned, rows(L), L));
  const sessions = new Map<number, Session>();
  for (const [i, { graph, outputs }] of models.entries())
    sessions.set(lengths[i], await createSession(graph, outputs));
  return {
    async loss(values: Values, examples: readonly SftExample[]) {
      const weights = parameterFeeds(models[0].parameters, values);
      let total = 0;
      for (const { block, length } of inBuckets(examples, rows, lengths)) {
        const feeds = { ...weights, ...sftBatch(block, rows(length), length, tuned.categoryCount) };
        total += (await sessions.get(length)!.run(feeds)).loss[0] * block.length;
      }
      return total / examples.length;
    },
    release: () => Promise.all([...sessions.values()].map((session) => session.release())),
  };
}

/** An epoch that draws some of the samples reads as many tokens of each as all have in the mean. */
function tokensPerSecond(
  learnt: readonly SftExample[],
  { samplesPerEpoch }: SftOptions,
  L: number,
  history: readonly EpochRecord[],
): number {
  const tokens = learnt.reduce((sum, { tokens }) => sum + Math.min(L, tokens.length), 0);
  const share = Math.min(1, samplesPerEpoch / learnt.length);
  return (tokens * share * history.length) / history.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** What a model that has learnt nothing but the mean distribution would score on the held-out users. */
function meanAnswerLoss(learnt: readonly SftExample[], heldOut: readonly SftExample[], K: number): number {
  const average = new Float64Array(K);
  for (const { target } of learnt) for (let k = 0; k < K; k++) average[k] += target[k] / learnt.length;
  let total = 0;
  for (const { target } of heldOut)
    for (let k = 0; k < K; k++) total -= target[k] * Math.log(Math.max(average[k], 1e-9));
  return total / heldOut.length;
}
