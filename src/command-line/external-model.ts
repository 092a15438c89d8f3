// Which language model a refresh takes instead of the small one that it trains itself.
import { Option } from 'commander';
import type { Config } from '../config.ts';
import type { ExternalModelPlace } from '../language-model/external/external-model.ts';

export interface ExternalModelOptions {
  readonly base?: string;
  readonly adapter?: string;
  readonly hosted?: string;
}

export const baseOption = () =>
  new Option(
    '--base <folder|hub:name>',
    'a language model to tune (Llama, Mistral, Qwen2, Qwen3, BERT), in place of a small one trained on the ' +
      'catalogue',
  );
export const adapterOption = () =>
  new Option(
    '--adapter <folder>',
    'a LoRA adapter and head tuned on it elsewhere, as jobs/finetune_trl.py leaves them',
  );
export const hostedOption = () =>
  new Option(
    '--hosted <file>',
    'a JSON file that names hosted models tuned elsewhere, in place of one that runs here; HF_TOKEN is ' +
      'sent to them',
  ).conflicts(['base', 'adapter']);

export const externalModel = (
  { base, adapter, hosted }: ExternalModelOptions,
  { accessToken }: Config,
): ExternalModelPlace => (hosted === undefined ? { base, adapter, accessToken } : { hosted, accessToken });
