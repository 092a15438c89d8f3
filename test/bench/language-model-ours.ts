// One model of the benchmark of language models: node language-model-ours.ts SIZES_AS_JSON
import { PRESETS } from '../../jobs/presets.ts';
import { type Architecture, parametersOf } from '../../src/language-model/architecture.ts';
import { createCachedDecoder, decoderParameters } from '../../src/language-model/local/cached-decoder.ts';
import { tokensWithin } from '../../src/language-model/training/step-memory.ts';
import { SFT_TRAINING, sftBatch, sftModel } from '../../src/language-model/training/user-level-sft.ts';
import type { Parameter, Values } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { createRandom } from '../../src/random.ts';
import { sizeOf } from '../../src/tensor/graph.ts';
import { configureExecution } from '../../src/tensor/session.ts';
import { readTokens } from '../support/read-tokens.ts';
import type { ModelSpeed } from './language-models.ts';
import { median } from './processes.ts';

const sizes = JSON.parse(process.argv[2]) as {
  readonly architecture: Architecture;
  readonly threads: number;
};
const { architecture, threads } = sizes;
configureExecution({ provider: 'cpu', threads });
const lora = { rank: 16, alpha: 32, dropout: 0.05 };
const K = 64;
const READ_TOKENS = 2_048;
const ANSWER_TOKENS = 32;

const random = createRandom('language models');
const tuned = { architecture, lora, pooling: 'mean' as const, categoryCount: K };
const rows = Math.min(
  32,
  Math.floor(tokensWithin(PRESETS.standard.languageModel.sft.stepBytes, architecture, 128) / 128),
);
const training = sftModel('training', tuned, rows, 128);
/** The same numbers again and again: drawing billions would take longer than all that is measured. */
const some = Float32Array.from({ length: 1_000_003 }, () => 0.02 * random.normal());
const valuesOf = (parameters: readonly Parameter[]): Values =>
  new Map(
    parameters.map(({ name, tensor: { shape } }) => {
      const values = new Float32Array(sizeOf(shape));
      for (let i = 0; i < values.length; i += some.length) values.set(some.subarray(0, values.length - i), i);
      return [name, { shape, values }];
    }),
  );
const values = valuesOf(training.parameters);
const text = (length: number) =>
  Int32Array.from({ length }, () => random.integer(architecture.config.vocab_size));
const megabytes = () => Math.round(process.resourceUsage().maxRSS / 1024);

/** The faster of two: the first one builds the graphs. */
async function read(length: number): Promise<number> {
  const texts = Array.from({ length: READ_TOKENS / length }, () => text(length));
  const once = () => readTokens({ ...tuned, values }, texts, 256);
  return READ_TOKENS / Math.min(await secondsOf(once), await secondsOf(once));
}

async function tune(): Promise<number> {
  const trainer = await createTrainer([training], values, { ...SFT_TRAINING, seed: 1 });
  const examples = Array.from({ length: rows }, () => ({
    tokens: text(128),
    target: new Float32Array(K).fill(1 / K),
  }));
  const batch = sftBatch(examples, rows, 128, K);
  const seconds: number[] = [];
  for (let step = 0; step < 4; step++) seconds.push(await secondsOf(() => trainer.step(batch, 1e-4)));
  await trainer.release();
  return (rows * 128) / median(seconds.slice(1));
}

async function generate(): Promise<number | undefined> {
  if (architecture.kind === 'encoder') return undefined;
  const all = new Map([...valuesOf(decoderParameters(architecture.config)), ...values]);
  const decoder = createCachedDecoder(architecture.config, all, lora);
  const reading = decoder.begin();
  await reading.read(text(128));
  await reading.read(text(1)); // the first one builds the graph
  const seconds = await secondsOf(async () => {
    for (let i = 0; i < ANSWER_TOKENS; i++) await reading.read(text(1));
  });
  await decoder.release();
  return ANSWER_TOKENS / seconds;
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

const parameters = parametersOf(architecture).reduce((sum, { tensor }) => sum + sizeOf(tensor.shape), 0);
const [read32, read128] = [await read(32), await read(128)];
const readMegabytes = megabytes();
const answered = await generate();
const tuned128 = await tune();
const speed: ModelSpeed = {
  megaParameters: Math.round(parameters / 1e6),
  read32: Math.round(read32),
  read128: Math.round(read128),
  tune128: Math.round(tuned128),
  generate: answered === undefined ? undefined : Math.round(10 * answered) / 10,
  readMegabytes,
  peakMegabytes: megabytes(),
};
console.log(JSON.stringify(speed));
