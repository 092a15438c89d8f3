// config.json of a Llama, Mistral, Qwen2 or Qwen3 -> what decides the graph. Read in the layouts of
// transformers 4 (rope_theta, rope_scaling) and 5 (rope_parameters); what may be left out is then as
// transformers has it. A setting that would have to be computed in another way than it is here is refused.
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import type { LlamaConfig } from '../../network/transformer/llama.ts';
import type { RopeScaling } from '../../network/transformer/rope.ts';
import { ADVICE, checkWidths, count, only, PLAIN, positive, SIZES, upTo } from './config-settings.ts';
import { readJsonFile, shown } from './json-file.ts';

export const DECODERS = ['llama', 'mistral', 'qwen2', 'qwen3'] as const;

const flag = z.boolean().default(false);

const ropeShared = {
  type: z.string().optional(), // what rope_type was called once
  rope_theta: positive.nullish(),
  partial_rotary_factor: only(null, 1),
};
const stretch = { ...ropeShared, factor: positive, original_max_position_embeddings: count.nullish() };
const rope = z.preprocess(
  // A type that has no name is the default one.
  (value) =>
    value instanceof Object ? { rope_type: 'type' in value ? value.type : 'default', ...value } : value,
  z.discriminatedUnion(
    'rope_type',
    [
      z.strictObject({ ...ropeShared, rope_type: z.literal('default') }),
      z.strictObject({ ...stretch, rope_type: z.literal('dynamic') }),
      z.strictObject({ ...stretch, rope_type: z.literal('linear') }),
      z.strictObject({
        ...stretch,
        rope_type: z.literal('llama3'),
        low_freq_factor: positive,
        high_freq_factor: positive,
      }),
      z.strictObject({
        ...stretch,
        rope_type: z.literal('yarn'),
        attention_factor: positive.nullish(),
        beta_fast: positive.nullish(),
        beta_slow: positive.nullish(),
        mscale: positive.nullish(),
        mscale_all_dim: positive.nullish(),
        truncate: z.boolean().nullish(),
      }),
    ],
    { error: 'expected a rope_type of default, dynamic, linear, llama3 or yarn' },
  ),
);

const decoderJson = z.object({
  ...PLAIN,
  model_type: z.enum(DECODERS),
  ...SIZES,
  num_key_value_heads: count.nullish(),
  head_dim: upTo(2 ** 12).nullish(),
  original_max_position_embeddings: count.nullish(),
  rms_norm_eps: positive.default(1e-6),
  hidden_act: only('silu'),
  is_causal: only(true),
  tie_word_embeddings: flag,
  attention_bias: flag,
  mlp_bias: flag,
  rope_theta: positive.nullish(),
  rope_scaling: rope.nullish(),
  rope_parameters: rope.nullish(),
  partial_rotary_factor: only(null, 1),
  sliding_window: count.nullish(),
  use_sliding_window: flag,
  max_window_layers: z.int().nonnegative().default(28),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
});
type DecoderJson = z.infer<typeof decoderJson>;

export async function readDecoderConfig(file: string): Promise<LlamaConfig> {
  const json = await readJsonFile(file, decoderJson, ADVICE);
  const {
    hidden_size,
    num_attention_heads: heads,
    num_key_value_heads,
    rope_scaling,
    rope_parameters,
  } = json;
  const keyHeads = num_key_value_heads ?? heads;
  const head_dim = json.head_dim ?? (json.model_type === 'qwen3' ? 128 : hidden_size / heads);
  if (heads % keyHeads !== 0 || head_dim % 2 !== 0) {
    throw new TslrecError(
      'bad-data',
      `${file}: got ${heads} heads of width ${head_dim} and ${keyHeads} of keys, expected an even width ` +
        `and a number that the heads of keys divide; ${ADVICE}.`,
    );
  }
  checkWidths(file, json, heads * head_dim);
  return {
    vocab_size: json.vocab_size,
    hidden_size,
    intermediate_size: json.intermediate_size,
    num_hidden_layers: json.num_hidden_layers,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    head_dim,
    max_position_embeddings: json.max_position_embeddings,
    rms_norm_eps: json.rms_norm_eps,
    rope_theta: (rope_scaling ?? rope_parameters)?.rope_theta ?? json.rope_theta ?? 10_000,
    rope_scaling: scalingOf(json),
    untied: !json.tie_word_embeddings,
    biases: biasesOf(json),
    queryKeyNorm: json.model_type === 'qwen3',
    windows: windowsOf(json, file),
  };
}

function scalingOf({ rope_scaling, rope_parameters, ...json }: DecoderJson): RopeScaling | undefined {
  const scaling = rope_scaling ?? rope_parameters;
  if (!scaling || scaling.rope_type === 'default' || scaling.rope_type === 'dynamic') return undefined;
  if (scaling.rope_type === 'linear') return scaling;
  const before = json.original_max_position_embeddings ?? scaling.original_max_position_embeddings;
  return { ...scaling, original_max_position_embeddings: before ?? json.max_position_embeddings };
}

function biasesOf({ model_type, attention_bias, mlp_bias }: DecoderJson): LlamaConfig['biases'] {
  switch (model_type) {
    case 'llama':
      return { queryKeyValue: attention_bias, output: attention_bias, mlp: mlp_bias };
    case 'mistral':
      return { queryKeyValue: false, output: false, mlp: false };
    case 'qwen2':
      return { queryKeyValue: true, output: false, mlp: false };
    case 'qwen3':
      return { queryKeyValue: attention_bias, output: attention_bias, mlp: false };
  }
}

/**
 * Mistral has one window for all layers; Qwen where it is switched on, for the layers that are named or the
 * upper ones.
 */
function windowsOf(json: DecoderJson, file: string): (number | null)[] {
  const { model_type, num_hidden_layers: layers, sliding_window = 4096, layer_types } = json;
  const window = windowIsUsed(json) ? sliding_window : null;
  const isWindowed = Array.from({ length: layers }, (_, i) => {
    if (window === null) return false;
    return model_type === 'mistral' || i >= json.max_window_layers;
  });
  if (!layer_types) return isWindowed.map((windowed) => (windowed ? window : null));
  const named = layer_types.map((type) => type === 'sliding_attention');
  const fits = named.length === layers && (window !== null || !named.includes(true));
  if (!fits || (model_type === 'mistral' && named.includes(false))) {
    throw new TslrecError(
      'bad-data',
      `${file}: layer_types: got ${shown(layer_types)}, expected a type for each of ${layers} layers that ` +
        `the sliding_window of this ${model_type} allows; ${ADVICE}.`,
    );
  }
  return named.map((windowed) => (windowed ? window : null));
}

function windowIsUsed({ model_type, use_sliding_window }: DecoderJson): boolean {
  return model_type === 'mistral' || (model_type !== 'llama' && use_sliding_window);
}
