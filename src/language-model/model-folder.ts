// The trained language model on disk, as Hugging Face folders: the base (config.json, model.safetensors,
// tokenizer.json) and, beside it, the LoRA adapter in PEFT's layout with the category head in a file of its own.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../files.ts';
import { readSafetensors, writeSafetensors } from '../network/safetensors.ts';
import type { Values } from '../network/scope.ts';
import { isLoraParameter, type LlamaConfig, LORA_PROJECTIONS } from './llama.ts';
import { END_OF_TEXT, type Tokenizer, tokenizerFromJson } from './tokenizer.ts';
import { HEAD, type TunedModel } from './tuned-model.ts';

/** PEFT puts this in front of the base model's parameter names. */
const PEFT_PREFIX = 'base_model.model.';

export function saveBaseModel(folder: string, values: Values, config: LlamaConfig, tokenizer: Tokenizer): void {
  const json = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    ...config,
    num_key_value_heads: config.num_attention_heads,
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
    model_max_length: config.max_position_embeddings,
  };
  writeFileAtomically(path.join(folder, 'tokenizer.json'), tokenizer.json);
  writeFileAtomically(path.join(folder, 'tokenizer_config.json'), `${JSON.stringify(tokenizerConfig, null, 2)}\n`);
  writeFileAtomically(path.join(folder, 'config.json'), `${JSON.stringify(json, null, 2)}\n`);
  writeSafetensors(path.join(folder, 'model.safetensors'), values);
}

export interface BaseModel {
  readonly config: LlamaConfig;
  readonly values: Values;
  readonly tokenizer: Tokenizer;
}

export async function loadBaseModel(folder: string): Promise<BaseModel> {
  const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as LlamaConfig;
  const { tensors } = await readSafetensors(path.join(folder, 'model.safetensors'));
  const tokenizer = tokenizerFromJson(await readFile(path.join(folder, 'tokenizer.json'), 'utf8'));
  return { config, values: tensors, tokenizer };
}

export function saveAdapter(folder: string, model: TunedModel, baseFolder: string): void {
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseFolder,
    r: model.lora.rank,
    lora_alpha: model.lora.alpha,
    lora_dropout: model.lora.dropout,
    target_modules: [...LORA_PROJECTIONS],
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
  };
  const lora = [...model.values].filter(([name]) => isLoraParameter(name));
  const head = [...model.values].filter(([name]) => name === HEAD);
  writeFileAtomically(path.join(folder, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`);
  writeSafetensors(path.join(folder, 'head.safetensors'), new Map(head), { pooling: 'mean' });
  writeSafetensors(
    path.join(folder, 'adapter_model.safetensors'),
    new Map(lora.map(([name, tensor]) => [PEFT_PREFIX + name, tensor])),
  );
}

export async function loadAdapter(folder: string, base: BaseModel): Promise<TunedModel> {
  const config = JSON.parse(await readFile(path.join(folder, 'adapter_config.json'), 'utf8'));
  const adapter = await readSafetensors(path.join(folder, 'adapter_model.safetensors'));
  const head = await readSafetensors(path.join(folder, 'head.safetensors'));
  const values: Values = new Map([...base.values, ...head.tensors]);
  for (const [name, tensor] of adapter.tensors) values.set(name.slice(PEFT_PREFIX.length), tensor);
  return {
    config: base.config,
    lora: { rank: config.r, alpha: config.lora_alpha, dropout: config.lora_dropout },
    categoryCount: head.tensors.get(HEAD)!.shape[0],
    values,
  };
}
