// The trained language model on disk, as Hugging Face folders: the base (config.json, model.safetensors,
// tokenizer.json) and, beside it, the LoRA adapter in PEFT's layout with the category head in a file of its
// own.
import path from 'node:path';
import { invariant, TslrecError } from '../../errors.ts';
import { writeFileAtomically } from '../../files.ts';
import { openSafetensors, writeSafetensors } from '../../formats/safetensors.ts';
import type { Values } from '../../network/scope.ts';
import type { LlamaConfig } from '../../network/transformer/llama.ts';
import { type Architecture, parametersOf, readArchitecture } from '../architecture.ts';
import { POOLINGS, type Pooling } from '../pooled/pooling.ts';
import { HEAD, type TunedModel } from '../pooled/tuned-model.ts';
import { END_OF_TEXT, type Tokenizer, type TrainedTokenizer } from '../tokenizer.ts';
import { readTokenizer } from './folder-tokenizer.ts';
import { shown } from './json-file.ts';
import { readModelWeights } from './model-weights.ts';
import { readAdapter, writeAdapter } from './peft-adapter.ts';
import { readSentenceModules } from './sentence-modules.ts';

/**
 * What is trained here from scratch is a plain Llama. Its config.json is the same to transformers 4 and 5:
 * both read rope_theta where 4 has it, and take weights for float32 that are.
 */
export function saveBaseModel(
  folder: string,
  values: Values,
  config: LlamaConfig,
  tokenizer: TrainedTokenizer,
): void {
  const { vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, ...others } =
    config;
  const { max_position_embeddings, rms_norm_eps, rope_theta, ...variations } = others;
  invariant(Object.keys(variations).length === 0, 'only a plain Llama is saved');
  const json = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size,
    hidden_size,
    intermediate_size,
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads: num_attention_heads,
    max_position_embeddings,
    rms_norm_eps,
    rope_theta,
    hidden_act: 'silu',
    tie_word_embeddings: true,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: tokenizer.endOfText,
    eos_token_id: tokenizer.endOfText,
    torch_dtype: 'float32',
  };
  const tokenizerConfig = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    pad_token: END_OF_TEXT,
    model_max_length: max_position_embeddings,
  };
  writeFileAtomically(path.join(folder, 'tokenizer.json'), tokenizer.json);
  writeFileAtomically(
    path.join(folder, 'tokenizer_config.json'),
    `${JSON.stringify(tokenizerConfig, null, 2)}\n`,
  );
  writeFileAtomically(path.join(folder, 'config.json'), `${JSON.stringify(json, null, 2)}\n`);
  writeSafetensors(path.join(folder, 'model.safetensors'), values);
}

/** Beside an adapter of ours: the weights of the category head. */
export const HEAD_FILE = 'head.safetensors';

export interface BaseModel {
  readonly folder: string;
  readonly architecture: Architecture;
  readonly values: Values;
  readonly tokenizer: Tokenizer;
  /** As the folder says it; the mean over all tokens where it says nothing. */
  readonly pooling: Pooling;
}

/** Any folder whose architecture is known; without the output layer, which tuning does not need. */
export async function loadBaseModel(folder: string): Promise<BaseModel> {
  const architecture = await readArchitecture(folder);
  return {
    folder,
    architecture,
    values: await readModelWeights(folder, architecture.kind, parametersOf(architecture)),
    tokenizer: await readTokenizer(folder, { vocabularySize: architecture.config.vocab_size }),
    pooling: (await readSentenceModules(folder, architecture.config.hidden_size)).pooling,
  };
}

export function saveAdapter(folder: string, model: TunedModel, baseFolder: string): void {
  const head = [...model.values].filter(([name]) => name === HEAD);
  writeSafetensors(path.join(folder, HEAD_FILE), new Map(head), { pooling: model.pooling });
  writeAdapter(folder, baseFolder, model);
}

export async function loadAdapter(folder: string, { architecture, values }: BaseModel): Promise<TunedModel> {
  const adapter = await readAdapter(folder, architecture);
  const head = await readHead(folder, architecture.config.hidden_size);
  return {
    architecture,
    lora: adapter.lora,
    pooling: head.pooling,
    categoryCount: head.categoryCount,
    values: new Map([...values, ...head.values, ...adapter.values]),
  };
}

/** The category head [K, H] beside an adapter, and of which vector it was learnt. */
export async function readHead(
  folder: string,
  H: number,
): Promise<{ categoryCount: number; pooling: Pooling; values: Values }> {
  const file = path.join(folder, HEAD_FILE);
  const { shapes, tensor, metadata, close } = await openSafetensors(file);
  try {
    const shape = shapes.get(HEAD);
    if (shape?.length !== 2 || shape[1] !== H) {
      throw new TslrecError(
        'bad-data',
        `${file}: got ${shape ? `${HEAD} of shape [${shape}]` : `no ${HEAD}`}, expected [categories, ` +
          `${H}]; give the adapter that was trained on this model.`,
      );
    }
    const values = new Map([[HEAD, await tensor(HEAD)]]);
    return { categoryCount: shape[0], pooling: poolingOf(metadata, file), values };
  } finally {
    await close();
  }
}

/** What a head was learnt on; the mean where its file does not say. */
function poolingOf({ pooling = 'mean' }: Readonly<Record<string, string>>, file: string): Pooling {
  const known = POOLINGS.find((name) => name === pooling);
  if (known !== undefined) return known;
  throw new TslrecError(
    'bad-data',
    `${file}: got a head on the pooling ${shown(pooling)}, expected one of ${POOLINGS.join(', ')}; tune it ` +
      'on one of these.',
  );
}
