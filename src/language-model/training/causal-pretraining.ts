// Trains a Llama from scratch on the catalogue's own text, by next-token prediction. It will never know more
// than the catalogue, but it learns which words go together there, which is what the user-level SFT starts
// from. Legend: B rows, L tokens a row.
import { type Batches, batchOfEach, fit } from '../../network/fit.ts';
import { warmupCosine } from '../../network/schedule.ts';
import { buildModel, initialValues, type Model, type Values } from '../../network/scope.ts';
import { createTrainer } from '../../network/trainer.ts';
import { type LlamaConfig, llama, outputTable, tokenEmbeddings } from '../../network/transformer/llama.ts';
import type { Progress } from '../../progress.ts';
import { createRandom, type Random } from '../../random.ts';
import { reshape, tiedCrossEntropy } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';

export interface PretrainingOptions {
  readonly config: LlamaConfig;
  readonly endOfText: number;
  readonly batchSize: number;
  readonly length: number;
  /** Tokens seen in all; the text is repeated in new orders until then. */
  readonly tokens: number;
  readonly learningRate: number;
  readonly seed: string | number;
  readonly checkpoint?: string;
  readonly progress: Progress;
}

export interface PretrainedModel {
  readonly values: Values;
  /** Mean cross-entropy of the last epoch, in nats a token. */
  readonly loss: number;
}

export async function pretrainCausal(
  texts: readonly Int32Array[],
  options: PretrainingOptions,
): Promise<PretrainedModel> {
  const { config, seed, batchSize, length } = options;
  const random = createRandom(seed);
  const model = causalModel(config, batchSize, length);
  const trainer = await createTrainer([model], initialValues(model.parameters, random), {
    seed: `${seed}/dropout`,
    beta2: 0.95,
    weightDecay: 0.01,
    clipNorm: 1,
  });
  const perEpoch = texts.reduce((sum, text) => sum + text.length + 1, 0);
  const result = await fit({
    trainer,
    batches: (epoch) => packedBatches(texts, options, random.fork(`epoch/${epoch}`)),
    epochs: Math.max(1, Math.round(options.tokens / perEpoch)),
    learningRate: warmupCosine(options.learningRate),
    checkpoint: options.checkpoint,
    progress: options.progress,
    name: 'language model: pre-train',
  });
  await trainer.release();
  return { values: result.values, loss: result.history.at(-1)!.loss };
}

function causalModel(config: LlamaConfig, B: number, L: number): Model<{ loss: Tensor }> {
  return buildModel('training', (scope) => {
    const { graph } = scope;
    const tokens = graph.input('tokens', [B, L], 'int32');
    const targets = graph.input('targets', [B * L], 'int32');
    const weights = graph.input('weights', [B * L]);
    const E = tokenEmbeddings(scope, config);
    const hidden = reshape(llama(scope, tokens, E, config), [B * L, config.hidden_size]);
    return { loss: tiedCrossEntropy(hidden, outputTable(scope, E, config), targets, weights) };
  });
}

/**
 * All texts in a random order, joined by end-of-text, cut into rows of L; the last row wraps to the
 * beginning. More than `tokens` is not read.
 */
export function packedBatches(
  texts: readonly Int32Array[],
  {
    batchSize: B,
    length: L,
    endOfText,
    tokens,
  }: Pick<PretrainingOptions, 'batchSize' | 'length' | 'endOfText' | 'tokens'>,
  random: Random,
): Batches {
  const total = texts.reduce((sum, text) => sum + text.length + 1, 0);
  const stream = new Int32Array(total).fill(endOfText);
  let end = 0;
  for (const i of random.shuffle(Array.from(texts.keys()))) {
    stream.set(texts[i], end + 1);
    end += texts[i].length + 1;
  }
  const weights = new Float32Array(B * L).fill(1 / (B * L));
  const batches = Array.from({ length: Math.ceil(Math.min(total, tokens) / (B * L)) }, (_, batch) => batch);
  return batchOfEach(batches, (batch) => {
    const at = (i: number) => stream[(batch * B * L + i) % total];
    return {
      tokens: Int32Array.from({ length: B * L }, (_, i) => at(i)),
      targets: Int32Array.from({ length: B * L }, (_, i) => at(i + 1)),
      weights,
    };
  });
}
