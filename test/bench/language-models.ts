// Which language models fit this machine: how many tokens a second models of known shapes, with random
// weights, read, learn from and answer with, and how much memory that takes.
import type { Architecture } from '../../src/language-model/architecture.ts';
import { MEASURED_WITH, runOurs } from './processes.ts';

const plain = { max_position_embeddings: 512, rms_norm_eps: 1e-6, rope_theta: 10_000 };

/** Shapes of config.json. */
const SHAPES: Readonly<Record<string, Architecture>> = {
  'of a refresh, standard': {
    kind: 'decoder',
    config: {
      ...plain,
      ...{
        vocab_size: 4_096,
        hidden_size: 128,
        intermediate_size: 352,
        num_hidden_layers: 2,
        num_attention_heads: 4,
      },
    },
  },
  'all-MiniLM-L6-v2': {
    kind: 'encoder',
    config: {
      ...{ vocab_size: 30_522, hidden_size: 384, intermediate_size: 1_536, num_hidden_layers: 6 },
      ...{ num_attention_heads: 12, max_position_embeddings: 512, type_vocab_size: 2, layer_norm_eps: 1e-12 },
    },
  },
  'SmolLM2-135M': {
    kind: 'decoder',
    config: {
      ...plain,
      ...{ vocab_size: 49_152, hidden_size: 576, intermediate_size: 1_536, num_hidden_layers: 30 },
      ...{ num_attention_heads: 9, num_key_value_heads: 3 },
    },
  },
  'Qwen2.5-0.5B': {
    kind: 'decoder',
    config: {
      ...plain,
      ...{ vocab_size: 151_936, hidden_size: 896, intermediate_size: 4_864, num_hidden_layers: 24 },
      ...{ num_attention_heads: 14, num_key_value_heads: 2 },
      biases: { queryKeyValue: true, output: false, mlp: false },
    },
  },
};

export interface ModelSpeed {
  readonly megaParameters: number;
  /**
   * Tokens a second: of texts of 32 and 128 tokens read, of prompts of 128 learnt from, of an answer
   * generated.
   */
  readonly read32: number;
  readonly read128: number;
  readonly tune128: number;
  readonly generate?: number;
  /** Most memory that was resident, after reading and after all. */
  readonly readMegabytes: number;
  readonly peakMegabytes: number;
}

export function benchmarkLanguageModels() {
  const { threads } = MEASURED_WITH;
  const rows = Object.entries(SHAPES).map(([shape, architecture]) => ({
    shape,
    ...runOurs<ModelSpeed>('language-model-ours.ts', [JSON.stringify({ architecture, threads })]),
  }));
  const work = 'reading, tuning and generating, tokens a second';
  console.log(`${work}, ${threads} threads`);
  console.table(rows);
  return { work, sizes: SHAPES, threads, rows };
}
