// A step of user-level SFT, LoRA on a frozen Llama: ours, and transformers with PEFT on the same sizes and threads. Every
// position is real, so that both do the same work.
import type { LlamaConfig } from '../../src/language-model/llama.ts';
import type { TunedModel } from '../../src/language-model/tuned-model.ts';
import { SFT_TRAINING, sftModel } from '../../src/language-model/user-level-sft.ts';
import { sizeOf } from '../../src/tensor/graph.ts';
import { compareWithOurs, MEASURED_WITH, type Measurement, round, runOurs, runTorch } from './processes.ts';

const CONFIG: LlamaConfig = {
  vocab_size: 8192,
  hidden_size: 256,
  intermediate_size: 704,
  num_hidden_layers: 4,
  num_attention_heads: 8,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
};

export interface LoraStepSizes extends Omit<TunedModel, 'values'> {
  readonly batchSize: number;
  readonly length: number;
}

const SIZES: LoraStepSizes = {
  architecture: { kind: 'decoder', config: CONFIG },
  lora: { rank: 16, alpha: 32, dropout: 0.05 },
  categoryCount: 64,
  batchSize: 32,
  length: 128,
};

/** The implementations of attention in transformers. */
const ATTENTIONS = ['eager', 'sdpa'];

interface LoraRow extends Measurement {
  readonly engine: string;
  readonly tokensPerSecond: number;
}

interface LoraStepResult {
  /** The fastest peer's time and peak memory over ours. */
  readonly ratio?: number;
  readonly memoryRatio?: number;
  readonly rows: readonly LoraRow[];
}

export function benchmarkLoraStep(): LoraStepResult {
  const { batchSize, length } = SIZES;
  const all = { ...SIZES, ...MEASURED_WITH, learningParameters: countLearning() };
  const torch = (attention: string) =>
    runTorch<Measurement>('lora_step.py', [JSON.stringify({ ...all, attention })], ['torch', 'transformers', 'peft']);
  const { ours, peers, ratios } = compareWithOurs({
    ours: () => runOurs('lora-step-ours.ts', [JSON.stringify(all)]),
    ...Object.fromEntries(ATTENTIONS.map((attention) => [`peft ${attention}`, () => torch(attention)])),
  });
  const row = (engine: string, measured: Measurement): LoraRow => ({
    engine,
    tokensPerSecond: Math.round((1000 * batchSize * length) / measured.milliseconds),
    ...measured,
  });
  const rows = [row('tslrec', ours), ...Object.entries(peers).map(([name, peer]) => row(name, peer))];
  console.table(rows);
  const [fastest] = Object.keys(peers).toSorted((a, b) => ratios[a] - ratios[b]);
  if (fastest === undefined) return { rows };
  const memoryRatio = round(peers[fastest].peakMegabytes! / ours.peakMegabytes!);
  return { ratio: ratios[fastest], memoryRatio, rows };
}

/** What both sides have to agree on. */
function countLearning(): number {
  return sftModel('training', SIZES, SIZES.batchSize, SIZES.length)
    .parameters.filter(({ name }) => SFT_TRAINING.trainable(name))
    .reduce((count, { tensor }) => count + sizeOf(tensor.shape), 0);
}
