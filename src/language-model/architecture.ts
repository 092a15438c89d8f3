// Which architecture a model folder holds, by its config.json, and what follows from that for all who read
// texts with it. Legend: B texts, L tokens, H hidden size.
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { buildModel, type Parameter, type Scope } from '../network/scope.ts';
import { type LlamaConfig, llama, tokenEmbeddings } from '../network/transformer/llama.ts';
import type { LoraConfig } from '../network/transformer/lora.ts';
import type { Tensor } from '../tensor/graph.ts';
import { type BertConfig, bert } from './bert.ts';
import { readBertConfig } from './files/bert-config.ts';
import { ADVICE } from './files/config-settings.ts';
import { DECODERS, readDecoderConfig } from './files/decoder-config.ts';
import { readJsonFile } from './files/json-file.ts';
import { type PooledInputs, pooledInputs } from './pooled/pooled-reader.ts';

export type Architecture =
  | { readonly kind: 'decoder'; readonly config: LlamaConfig }
  | { readonly kind: 'encoder'; readonly config: BertConfig };

const ENCODERS = ['bert'] as const;

export async function readArchitecture(folder: string): Promise<Architecture> {
  const file = path.join(folder, 'config.json');
  const { model_type } = await readJsonFile(
    file,
    z.object({ model_type: z.enum([...DECODERS, ...ENCODERS]) }),
    ADVICE,
  );
  return model_type === 'bert'
    ? { kind: 'encoder', config: await readBertConfig(file) }
    : { kind: 'decoder', config: await readDecoderConfig(file) };
}

/** The configuration of a folder whose model is to answer. */
export async function readDecoder(folder: string): Promise<LlamaConfig> {
  const { kind, config } = await readArchitecture(folder);
  if (kind === 'decoder') return config;
  throw new TslrecError(
    'bad-data',
    `${folder}: got an encoder, expected a model that predicts the next token (${DECODERS.join(', ')}); ` +
      'give a folder with one of these.',
  );
}

/** The last hidden states [B, L, H]. */
export function hiddenStates(
  scope: Scope,
  { kind, config }: Architecture,
  { tokens, pool }: PooledInputs,
  lora?: LoraConfig,
): Tensor {
  return kind === 'decoder'
    ? llama(scope, tokens, tokenEmbeddings(scope, config), config, lora)
    : bert(scope, tokens, pool, config, lora);
}

/** The parameters that hidden states need. */
export function parametersOf(architecture: Architecture, lora?: LoraConfig): readonly Parameter[] {
  return buildModel('inference', (scope) =>
    hiddenStates(scope, architecture, pooledInputs(scope, 1, 1), lora),
  ).parameters;
}
