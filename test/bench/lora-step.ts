// A step of user-level SFT, LoRA on a frozen Llama: ours, and transformers with PEFT on the same sizes and
// threads. Every position is real, so that both do the same work.

import type { TunedModel } from '../../src/language-model/pooled/tuned-model.ts';
import { SFT_TRAINING, sftModel } from '../../src/language-model/training/user-level-sft.ts';
import type { LlamaConfig } from '../../src/network/transformer/llama.ts';
import { sizeOf } from '../../src/tensor/graph.ts';
import { type Comparison, compareWithOurs, show, torchSides } from './comparison.ts';
import { MEASURED_WITH, type Measurement, runOurs } from './processes.ts';
import { runTorch, TRANSFORMERS_SETTINGS } from './torch.ts';

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
  pooling: 'mean',
  categoryCount: 64,
  batchSize: 32,
  length: 128,
};

interface LoraStep extends Comparison {
  readonly tokensPerSecond: { readonly ours: number; readonly peer?: number };
}

export function benchmarkLoraStep(): LoraStep {
  const all = { ...SIZES, ...MEASURED_WITH, learningParameters: countLearning() };
  const comparison = compareWithOurs(
    { work: 'a step of LoRA fine-tuning', sizes: SIZES },
    () => runOurs('lora-step-ours.ts', [JSON.stringify(all)]),
    torchSides(
      TRANSFORMERS_SETTINGS,
      (settings) => runTorch('lora_step.py', [JSON.stringify({ ...all, ...settings })]),
      ['torch', 'transformers', 'peft'],
    ),
  );
  show(comparison);
  const { ours, peer } = comparison;
  const tokensPerSecond = { ours: tokensASecond(ours), ...(peer && { peer: tokensASecond(peer) }) };
  console.log('tokens a second:', tokensPerSecond);
  return { ...comparison, tokensPerSecond };
}

const tokensASecond = ({ milliseconds }: Measurement): number =>
  Math.round((1000 * SIZES.batchSize * SIZES.length) / milliseconds);

/** What both sides have to agree on. */
function countLearning(): number {
  return sftModel('training', SIZES, SIZES.batchSize, SIZES.length)
    .parameters.filter(({ name }) => SFT_TRAINING.trainable(name))
    .reduce((count, { tensor }) => count + sizeOf(tensor.shape), 0);
}
